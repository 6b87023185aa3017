import type { Ballot } from '../../../src/core/message.ts';
import type { Machine } from '../machine.ts';
import { Violation } from '../violation.ts';
import { isOlder } from './ballots.ts';
import type { Checker } from './checker.ts';

/**
 * What makes a voter of a change a good acceptor (Lamport, *Paxos Made Simple*, section 2.2), over all its lives: what it
 * answers is on its disk by then, it accepts nothing older than what it has promised, and with a promise it says what it
 * accepted last.
 */
export function acceptor(): Checker {
  const ballots = new Map<string, Ballot>();
  /** By machine and epoch, from the answers that it sent. */
  const promised = new Map<string, Ballot>();
  const accepted = new Map<string, Ballot>();
  return {
    name: 'acceptor',
    stepped(_world, machine, _event, effects) {
      for (const effect of effects) {
        if (effect.type !== 'send') continue;
        const { message, epoch } = effect;
        if (message.kind === 'changePrepare' || message.kind === 'changePropose')
          ballots.set(message.nonce, message.ballot);
        if ((message.kind !== 'changePromise' && message.kind !== 'changeAccept') || !message.ok) continue;
        const ballot = ballots.get(message.nonce);
        if (ballot === undefined) throw new Violation(`${machine.name} answers a ballot that nobody has asked for`);
        const key = `${machine.index} ${epoch}`;
        const accepts = message.kind === 'changeAccept';
        judgeDisk(machine, epoch, ballot, accepts);
        const newest = promised.get(key);
        if (accepts && newest !== undefined && isOlder(ballot, newest))
          throw new Violation(`${machine.name} accepts ballot ${ballot.round} after it has promised ${newest.round}`);
        if (newest === undefined || isOlder(newest, ballot)) promised.set(key, ballot);
        const last = accepted.get(key);
        if (accepts) accepted.set(key, last === undefined || isOlder(last, ballot) ? ballot : last);
        else if (last !== undefined && !isOlder(ballot, last) && !says(message.accepted?.ballot, last))
          throw new Violation(`${machine.name} promises and does not say that it has accepted ballot ${last.round}`);
      }
    },
  };
}

function says(told: Ballot | undefined, last: Ballot): boolean {
  return told !== undefined && !isOlder(told, last);
}

function judgeDisk({ name, record }: Machine, epoch: number, ballot: Ballot, accepts: boolean): void {
  const onDisk = accepts ? record?.accepted?.ballot : record?.promised;
  if (record?.epoch === epoch && onDisk !== undefined && !isOlder(onDisk, ballot)) return;
  throw new Violation(`${name} answers ballot ${ballot.round} of epoch ${epoch} before it is on its disk`);
}
