import type { GroupStatus, ResourceStatus } from './status.ts';

const doing: Readonly<Record<string, string>> = { start: 'starting', stop: 'stopping', probe: 'looked at' };

const states: Readonly<Record<ResourceStatus['state'], string>> = {
  unknown: 'not known yet',
  stopped: 'stopped',
  running: 'running',
  dirty: 'half running',
  stuck: 'CANNOT BE STOPPED',
};

/** What agents run of a group, as the node says that this is from: its state, and what went wrong lately. */
export function showResources({ resources = [], barredOn = [] }: GroupStatus): string[] {
  return [
    ...resources.map((resource) => `      - ${resource.name}: ${stateOf(resource)}${failuresOf(resource)}`),
    ...barredOn.map(({ node, why }) => `      GIVEN UP by ${node}: ${why}`),
  ];
}

function stateOf(resource: ResourceStatus): string {
  return (resource.doing === null ? undefined : doing[resource.doing]) ?? states[resource.state];
}

function failuresOf({ failures, lastFailure, migrationThreshold }: ResourceStatus): string {
  if (lastFailure === '') return '';
  if (failures === null) return `, cannot run here: ${lastFailure}`;
  const count = failures === 0 ? 'failed before' : `${failures} of ${migrationThreshold} failures that make it leave`;
  return `, ${count}; last: ${lastFailure}`;
}
