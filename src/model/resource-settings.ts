import type { GroupName } from './names.ts';

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

/** What is said of one resource of a group. */
export interface AgentRules {
  readonly settings: Partial<ResourceSettings>;
  /** Of an OCF agent, what haresources cannot say, having no blanks; beside what it does say. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface GroupResourceRules {
  /** It must never run twice: after a failure it starts elsewhere only once the node is known to be off. */
  readonly needsFencing: boolean;
  /** By the names that `resourceNames` gives. */
  readonly agents: Readonly<Record<string, AgentRules>>;
}

/** `resources:` of muster.yml. */
export interface ResourceRules {
  readonly defaults: Partial<ResourceSettings>;
  readonly groups: Readonly<Record<GroupName, GroupResourceRules>>;
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
