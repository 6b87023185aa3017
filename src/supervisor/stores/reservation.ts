/** What keeps a node that has lost a group from writing to the shared disk; without SCSI-3 nothing does. */
export interface Reservation {
  /** Before a write: this node, in its place, is registered, and may write. Rejects where it must not yet. */
  hold(place: number): Promise<void>;
  /** Locks these nodes, by their places, out of the disk. */
  take(place: number, losers: readonly number[]): Promise<void>;
  /** A request has failed: it may be that this node was locked out. */
  failed(error: unknown): Promise<void>;
}

export class NoReservation implements Reservation {
  async hold(): Promise<void> {}
  async take(): Promise<void> {}
  async failed(): Promise<void> {}
}
