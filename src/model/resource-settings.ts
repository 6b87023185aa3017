/** What is done about a resource that does not do as it should. */
export const onFailPolicies = ['restart', 'migrate', 'fence', 'ignore'] as const;
export type OnFail = (typeof onFailPolicies)[number];

/** How one resource is run and looked after; times in milliseconds. */
export interface ResourceSettings {
  readonly startTimeout: number;
  readonly stopTimeout: number;
  readonly monitorTimeout: number;
  /** Between the end of one look and the beginning of the next; 0: nobody looks. */
  readonly monitorInterval: number;
  readonly onFail: OnFail;
  /** So many failures on one node make the group leave it. */
  readonly migrationThreshold: number;
  /** After so long without a failure the earlier ones are forgotten. */
  readonly failureTimeout: number;
}

/** What holds where nobody says otherwise; the times are those that OCF agents mostly advise for themselves. */
export const defaultResourceSettings: ResourceSettings = {
  startTimeout: 60_000,
  stopTimeout: 60_000,
  monitorTimeout: 20_000,
  monitorInterval: 10_000,
  onFail: 'restart',
  migrationThreshold: 3,
  failureTimeout: 600_000,
};
