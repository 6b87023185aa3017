import type { Message } from '../../core/message.ts';
import type { NodeName } from '../../model/names.ts';
import type { ArbiterLinkStatus } from '../../wire/status.ts';

/** A node's ways to its arbiters. */
export interface ArbiterWays {
  start(): void;
  /** False where this is no arbiter. Never waits: what cannot be sent now is lost, as a datagram would be. */
  send(to: NodeName, message: Message, epoch: number): boolean;
  status(): ArbiterLinkStatus[];
  stop(): void;
}
