import type { Ballot, Request } from './message.ts';
import type { Group } from './state.ts';

/** What a voter is asked about one group; `released` after a hand-over. */
export function requestFor({ name, addresses }: Group, round: number, released?: Ballot): Request {
  return { group: name, round, released, addresses: addresses.length === 0 ? undefined : addresses };
}
