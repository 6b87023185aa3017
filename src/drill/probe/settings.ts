import type { DatagramSettings } from './datagrams.ts';
import type { RequestSettings } from './requests.ts';
import type { WitnessSettings } from './witness.ts';

/** What the probe program is to do; a part that is undefined does not run. */
export interface ProbeSettings {
  readonly datagrams?: DatagramSettings | undefined;
  /** As `datagrams`, to the group's IPv6 address. */
  readonly datagrams6?: DatagramSettings | undefined;
  readonly requests?: RequestSettings | undefined;
  readonly witness?: WitnessSettings | undefined;
  readonly witness6?: WitnessSettings | undefined;
}
