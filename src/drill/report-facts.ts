import type { IpAddress, MacAddress, NodeName } from '../model/names.ts';

/** What a report says about the drill besides its result. */
export interface ReportFacts {
  readonly cluster: string;
  readonly address: IpAddress;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly version: string;
  readonly nodes: readonly NodeName[];
  readonly nodeOfMac: Readonly<Record<MacAddress, NodeName>>;
}
