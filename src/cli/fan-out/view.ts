import type { HostRecord } from './host-record.ts';

export type OutputStream = 'stdout' | 'stderr';

/** One way to show what hosts say. A promise is to be waited for: the reader or the disk is slower than the host. */
export interface View {
  /** True where pieces of standard output are not kept: they may be lent instead of given. */
  readonly borrows?: boolean;
  /** A piece of a host's output, as it comes. */
  output(host: string, stream: OutputStream, chunk: Buffer): Promise<void> | undefined;
  /** A host came to its end; its output is complete. */
  ended(record: HostRecord): Promise<void> | undefined;
  /** All did; the records are in the order of the hosts. */
  finish(records: readonly HostRecord[]): Promise<void>;
}
