import type { Decision } from '../../src/core/effect.ts';
import type { Message } from '../../src/core/message.ts';

export function showDecision(decision: Decision): string {
  const { what, group, node, why } = decision;
  return `${[what, group, node].filter((part) => part !== undefined).join(' ')}: ${why}`;
}

/** A message in one line, its nonce cut short. */
export function showMessage(message: Message): string {
  const nonce = 'nonce' in message ? ` ${message.nonce.slice(0, 6)}` : '';
  switch (message.kind) {
    case 'beat':
      return `beat${message.beat.holds.map((group) => ` holds ${group}`).join('')}${message.beat.quorate ? '' : ' no quorum'}`;
    case 'prepare':
    case 'propose': {
      const asks = message.requests.map(
        ({ group, round, released }) => ` ${group}@${round}${released === undefined ? '' : ' (released)'}`,
      );
      return `${message.kind}${nonce}${asks.join('')}`;
    }
    case 'promise':
    case 'accept': {
      const answers = message.answers.map(({ group, ok, round, holder, remaining }) =>
        ok
          ? ` ${group} yes`
          : ` ${group} no (round ${round}, ${holder ?? 'nobody'} holds it ${Math.round(remaining)} ms)`,
      );
      return `${message.kind}${nonce}${answers.join('')}`;
    }
    case 'release':
      return `release${message.releases.map(({ group }) => ` ${group}`).join('')} to ${message.to ?? 'anybody'}`;
    case 'voters':
      return `voters ${message.voters.join(' ')}`;
    case 'orders':
      return `orders ${message.orders.map(({ kind, about, value }) => `${kind} ${about} ${value}`.trim()).join(', ')}`;
    case 'stepDown':
      return 'stepDown';
    case 'changePrepare':
      return `${message.kind}${nonce} ${message.ballot.round} over ${message.base.join(' ')}`;
    case 'changePropose':
      return `${message.kind}${nonce} ${message.ballot.round} ${message.voters.join(' ')}`;
    case 'changePromise':
    case 'changeAccept':
      return `${message.kind}${nonce} ${message.ok ? 'yes' : `no (round ${message.round})`}`;
    case 'offer':
    case 'take':
      return `${message.kind}${nonce} ${message.groups.join(' ')}`;
  }
}
