import type { Cluster } from '../model/cluster.ts';
import type { Failback } from '../model/placement.ts';

/** Minutes since Sunday's midnight, by this machine's clock and time zone. */
export function minuteOfWeek(date: Date): number {
  return (date.getDay() * 24 + date.getHours()) * 60 + date.getMinutes();
}

/** Says what the local clock says, once a minute, where a failback window wants to know; nothing else follows that clock. */
export class FailbackClock {
  readonly #needed: boolean;
  readonly #tell: (minuteOfWeek: number) => void;
  #told: number | undefined;

  constructor({ placement }: Cluster, tell: (minuteOfWeek: number) => void) {
    const said: (Failback | undefined)[] = [
      placement?.failback,
      ...Object.values(placement?.groups ?? {}).map(({ failback }) => failback),
    ];
    this.#needed = said.some((failback) => failback?.kind === 'window');
    this.#tell = tell;
  }

  /** To be called more often than once a minute. */
  look(now: Date): void {
    const minute = minuteOfWeek(now);
    if (!this.#needed || minute === this.#told) return;
    this.#told = minute;
    this.#tell(minute);
  }
}
