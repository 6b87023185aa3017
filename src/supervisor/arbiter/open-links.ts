import { join } from 'node:path';
import type { Message } from '../../core/message.ts';
import type { Cluster } from '../../model/cluster.ts';
import type { NodeName } from '../../model/names.ts';
import type { Journal } from '../journal.ts';
import type { ArbiterWays } from './ways.ts';

const none: ArbiterWays = { start: () => {}, send: () => false, status: () => [], stop: () => {} };

export interface OpenLinksOptions {
  readonly cluster: Cluster;
  readonly self: NodeName;
  readonly incarnation: string;
  readonly configDir: string;
  readonly journal: Journal;
  readonly now: () => number;
  readonly onMessage: (from: NodeName, message: Message, epoch: number) => void;
}

/** TLS is loaded only where there is an arbiter: it is a good part of a small daemon's memory. */
export async function openArbiterLinks({ configDir, journal, ...options }: OpenLinksOptions): Promise<ArbiterWays> {
  if (options.cluster.arbiters.length === 0) return none;
  const { ArbiterLinks } = await import('./arbiter-links.ts');
  return new ArbiterLinks({
    ...options,
    certificates: join(configDir, 'arbiter', options.cluster.name),
    onTurn: (up, why) => (up ? journal.say('arbiter', why) : journal.warn('arbiter', why)),
    onTrouble: (why) => journal.warn('arbiter', why),
  });
}
