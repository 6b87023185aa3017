import type { GroupName, MacAddress } from '../../model/names.ts';
import type { GateDevice } from './lease-gate-ruleset.ts';

/**
 * What keeps a node silent for the addresses whose lease it does not have. Every method resolves to whether the kernel has
 * acknowledged the change, and refuses after its deadline; none ever opens what a fresh grant did not open.
 */
export interface Gate {
  /** True while it is made anew: nothing is armed or granted then. */
  readonly busy: boolean;
  readonly devices: readonly GateDevice[];
  /** Makes it, shut. Throws a Problem where this kernel cannot do it. */
  start(devices: readonly GateDevice[]): Promise<void>;
  setDevices(devices: readonly GateDevice[], why: string): Promise<void>;
  /** Level trigger, to be called a few times a second. */
  check(): Promise<void>;
  arm(token: number, groups: readonly GroupName[], lifetime: number, deadline: number): Promise<boolean>;
  grant(token: number, groups: readonly GroupName[], deadline: number): Promise<boolean>;
  close(
    groups: readonly GroupName[],
    pass?: { readonly mac: MacAddress; readonly lifetime: number; readonly token: number },
  ): Promise<boolean>;
  acceptPassed(from: MacAddress, groups: readonly GroupName[], lifetime: number, deadline: number): Promise<boolean>;
  setPeers(macs: ReadonlySet<MacAddress>): Promise<void>;
  /** One transaction of another driver of ours was acknowledged. */
  countChange(): void;
  stop(): void;
}

/** Where the virtual IPs lie. */
export interface Addresses {
  /** The desired state from now on, brought about at once. */
  hold(groups: readonly GroupName[]): Promise<void>;
  /** Level trigger, to be called about each second. */
  refresh(): Promise<void>;
  /** Takes everything off the network devices. */
  release(): Promise<void>;
  stop(): void;
}
