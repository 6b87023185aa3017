import assert from 'node:assert/strict';
import { describe as describeNode } from '../../../src/core/describe.ts';
import { wantsHash } from '../../../src/core/differences.ts';
import type { Beat } from '../../../src/core/message.ts';
import { createNode } from '../../../src/core/node.ts';
import { handoverTarget } from '../../../src/core/placement.ts';
import type { NodeState } from '../../../src/core/state.ts';
import { silence } from '../../../src/core/timing.ts';
import type { Cluster } from '../../../src/model/cluster.ts';
import { noGroupPlacement, noPlacement } from '../../../src/model/placement.ts';
import { clusterOf } from '../../simulation/cluster.ts';
import { beat, say } from './pair.ts';

const plain = clusterOf({ nodes: 3, arbiters: 0, groups: 1, autoFailback: true, driftBound: 0.001, fast: false });
const cluster: Cluster = { ...plain, groups: plain.groups.map((group) => ({ ...group, preferred: 'node2' })) };

/** node1, which holds web1; node2, where it wants it, has said this for long enough. */
function holding(more: Partial<Beat>): { state: NodeState; now: number } {
  const incarnation = '1'.padStart(16, '0') + '0'.repeat(16);
  const options = { incarnation, seed: [1, 2, 3, 4] as const, configHash: '', bundleHash: '', macs: {} };
  const state = createNode(cluster, 'node1', options, 0);
  let now = 0;
  for (; now < 1500; now += 50) hear(state, more, now);
  state.groups.get('web1')!.claim = {
    phase: 'holding',
    since: 0,
    round: 1,
    armedAt: now,
    leaseEnd: now + 200,
    token: 1,
    gateOpen: true,
    taken: undefined,
    shutSince: now,
    votes: 0,
    preparing: undefined,
    offer: undefined,
    failedOffers: 0,
  };
  return { state, now };
}

function hear(state: NodeState, more: Partial<Beat>, now: number): void {
  if (beat.kind !== 'beat') throw new Error('no beat');
  say(state, 'node2', { kind: 'beat', beat: { ...beat.beat, ...more } }, now);
}

describe('nodes whose configurations differ', () => {
  it('move nothing for being wanted elsewhere, and say what that waits for', () => {
    const target = ({ state, now }: ReturnType<typeof holding>): string | undefined =>
      handoverTarget(state, state.groups.get('web1')!, 0, now);
    const reason = ({ state, now }: ReturnType<typeof holding>): string => describeNode(state, now).groups[0]!.reason;
    const same = holding({ wants: wantsHash(cluster) });
    assert.equal(target(same), 'node2');
    assert.doesNotMatch(reason(same), /same configuration/);
    const other = holding({ wants: 1 });
    assert.equal(target(other), undefined);
    assert.match(reason(other), /it goes to node2 when node2 and node1 have the same configuration$/);
    assert.equal(target(holding({})), 'node2', 'a version that does not say it keeps nothing');
  });

  it('do not keep a node from giving up what it has when it is asked to', () => {
    const { state, now } = holding({ wants: 1 });
    state.standby = true;
    assert.equal(handoverTarget(state, state.groups.get('web1')!, 0, now), 'node2');
  });

  it('want the same whatever order keys were written in, and not when anything says where groups go', () => {
    const [one, two] = [{ ...noGroupPlacement, never: ['node1'] }, noGroupPlacement];
    const of = (groups: typeof noPlacement.groups): number =>
      wantsHash({ ...cluster, placement: { ...noPlacement, groups } });
    assert.equal(of({ web1: one, web2: two }), of({ web2: two, web1: one }));
    assert.notEqual(of({ web1: one }), of({ web1: two }));
    assert.notEqual(wantsHash(cluster), wantsHash(plain));
    assert.notEqual(wantsHash(cluster), wantsHash({ ...cluster, autoFailback: false }));
    assert.equal(wantsHash(cluster), wantsHash({ ...cluster, driftBound: 0.01, pingNodes: ['10.77.0.254'] }));
  });

  it('go by the largest drift bound of all, for as long as somebody has it', () => {
    const { state, now } = holding({});
    const usual = state.gateLifetime;
    hear(state, { drift: 50_000 }, now);
    assert.equal(state.gateLifetime, 200 - (2 * 0.05 * 200 + 10));
    assert.ok(
      state.rounds.every(({ armedAt }) => armedAt === now),
      'what was armed for longer counts no more',
    );
    hear(state, { drift: 1000 }, now + 1);
    assert.equal(state.gateLifetime, usual);
  });

  it('are silent by it after a start, too', () => {
    const incarnation = '1'.padStart(16, '0') + '0'.repeat(16);
    const options = { incarnation, seed: [1, 2, 3, 4] as const, configHash: '', bundleHash: '', macs: {} };
    const state = createNode(cluster, 'node1', options, 0);
    hear(state, { drift: 50_000 }, 1);
    assert.ok(Math.abs(state.silentUntil - 200 * silence(0.05)) < 0.001);
  });
});
