import assert from 'node:assert/strict';
import { mergeStatuses } from '../../../src/cli/merge-status.ts';
import { showResources } from '../../../src/wire/show-resources.ts';
import type { GroupStatus, ResourceStatus, Status } from '../../../src/wire/status.ts';

const resource = (name: string, more: Partial<ResourceStatus> = {}): ResourceStatus => ({
  name,
  state: 'running',
  doing: null,
  failures: 0,
  lastFailure: '',
  migrationThreshold: 3,
  ...more,
});

const group = (more: Partial<GroupStatus>): GroupStatus => ({
  name: 'web',
  addresses: [],
  preferred: 'node1',
  holder: 'node1',
  since: null,
  votes: [],
  leaseLeftMs: null,
  gateOpen: false,
  protection: 'gate',
  reason: '',
  ...more,
});

const status = (node: string, more: Partial<GroupStatus>): Status => ({
  version: '1',
  node,
  cluster: 'lab',
  bundleHash: '',
  configHash: '',
  uptimeMs: 0,
  quorum: { quorate: true, votes: 3, needed: 2, voters: [], silentMs: 0 },
  standby: false,
  nodes: [],
  arbiters: [],
  bound: null,
  groups: [group(more)],
  services: [],
  counters: {},
});

describe('the resources of a group, as a status shows them', () => {
  it('are told with their state, what is done with them, and what went wrong', () => {
    const resources = [
      resource('Filesystem'),
      resource('mariadb', { failures: 2, lastFailure: 'monitor: exit code 1' }),
      resource('apache', { state: 'dirty', doing: 'start' }),
      resource('MailTo', { state: 'stopped', failures: null, lastFailure: 'start: not installed' }),
      resource('Raid1', { state: 'stuck', lastFailure: 'stop: it did not end in time' }),
    ];
    assert.deepEqual(showResources(group({ resources, barredOn: [{ node: 'node2', why: 'it failed there' }] })), [
      '      - Filesystem: running',
      '      - mariadb: running, 2 of 3 failures that make it leave; last: monitor: exit code 1',
      '      - apache: starting',
      '      - MailTo: stopped, cannot run here: start: not installed',
      '      - Raid1: CANNOT BE STOPPED, failed before; last: stop: it did not end in time',
      '      GIVEN UP by node2: it failed there',
    ]);
    assert.deepEqual(showResources(group({})), []);
  });

  it('come from the holder, and why a node gives a group up from that node', () => {
    const merged = mergeStatuses([
      status('node2', {
        resources: [resource('db', { state: 'stopped' })],
        barredOn: [{ node: 'node2', why: 'no db' }],
      }),
      status('node1', {
        gateOpen: true,
        resources: [resource('db')],
        barredOn: [
          { node: 'node2', why: 'it failed there' },
          { node: 'node3', why: 'it failed there' },
        ],
      }),
    ])!;
    assert.equal(merged.groups[0]!.resources?.[0]?.state, 'running');
    assert.deepEqual(merged.groups[0]!.barredOn, [
      { node: 'node2', why: 'no db' },
      { node: 'node3', why: 'it failed there' },
    ]);
  });
});
