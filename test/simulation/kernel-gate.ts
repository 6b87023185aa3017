import type { GroupName, NodeName } from '../../src/model/names.ts';

/**
 * The kernel's part of one node, as DESIGN's "The lease gate" says it: a timed set of (address, token), an untimed map from
 * address to token, and where late frames are passed on to. All times are true milliseconds; timeouts count from when a
 * command is applied.
 */
export class KernelGate {
  private readonly armedUntil = new Map<string, number>();
  private readonly granted = new Map<GroupName, number>();
  private readonly passing = new Map<GroupName, { to: NodeName; token: number; until: number }>();

  arm(groups: readonly GroupName[], token: number, until: number, now: number): void {
    for (const [key, end] of this.armedUntil) if (end <= now) this.armedUntil.delete(key);
    for (const group of groups) this.armedUntil.set(`${group} ${token}`, until);
  }

  grant(groups: readonly GroupName[], token: number): void {
    for (const group of groups) {
      this.granted.set(group, token);
      this.passing.delete(group);
    }
  }

  close(groups: readonly GroupName[], pass: { to: NodeName; token: number; until: number } | undefined): void {
    for (const group of groups) {
      this.granted.delete(group);
      this.passing.delete(group);
      if (pass !== undefined) this.passing.set(group, pass);
      else for (const key of this.armedUntil.keys()) if (key.startsWith(`${group} `)) this.armedUntil.delete(key);
    }
  }

  flush(): void {
    this.armedUntil.clear();
    this.granted.clear();
    this.passing.clear();
  }

  /** Until when the gate stays open if nothing more happens; -Infinity where it is shut now. */
  openUntil(group: GroupName, now: number): number {
    const token = this.granted.get(group);
    const until = token === undefined ? undefined : this.armedUntil.get(`${group} ${token}`);
    return until !== undefined && now < until ? until : Number.NEGATIVE_INFINITY;
  }

  /** The token that the gate points at. */
  tokenOf(group: GroupName): number | undefined {
    return this.granted.get(group);
  }

  /** Until when frames are passed on if nothing more happens; -Infinity where they are not now. */
  passesUntil(group: GroupName, now: number): number {
    const pass = this.passing.get(group);
    if (pass === undefined) return Number.NEGATIVE_INFINITY;
    const until = Math.min(pass.until, this.armedUntil.get(`${group} ${pass.token}`) ?? Number.NEGATIVE_INFINITY);
    return now < until ? until : Number.NEGATIVE_INFINITY;
  }

  isOpen(group: GroupName, now: number): boolean {
    const token = this.granted.get(group);
    return token !== undefined && this.isArmed(group, token, now);
  }

  /** To whom a client's frame for this group is passed on now. */
  passesTo(group: GroupName, now: number): NodeName | undefined {
    const pass = this.passing.get(group);
    return pass !== undefined && now < pass.until && this.isArmed(group, pass.token, now) ? pass.to : undefined;
  }

  private isArmed(group: GroupName, token: number, now: number): boolean {
    return now < (this.armedUntil.get(`${group} ${token}`) ?? Number.NEGATIVE_INFINITY);
  }
}
