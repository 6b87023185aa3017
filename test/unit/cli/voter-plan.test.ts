import assert from 'node:assert/strict';
import { planVoters, showFarewell, showVoterStep } from '../../../src/cli/voter-plan.ts';

const words = (running: string[], epoch: number, wanted: string[]): string[] =>
  planVoters(running, epoch, wanted).map((step) => showVoterStep(step, running));

describe('cli: from the voters that run to those of the inventory', () => {
  it('records them first where nobody has, so that another ha.cf does not change them', () => {
    assert.deepEqual(words(['node1', 'node2'], 0, ['node1', 'node2']), ['record node1, node2 as the voters']);
  });

  it('adds before it removes, one at a time', () => {
    assert.deepEqual(words(['node1', 'node2', 'node3'], 3, ['node2', 'node3', 'node4', 'node5']), [
      'let node4 vote',
      'let node5 vote',
      'take the vote of node1, after it has handed over what it holds',
    ]);
  });

  it('says what is left to do on nodes that vote no more; not for those that came, nor for an arbiter', () => {
    const done = planVoters(['node1', 'node2', 'node3', 'far'], 1, ['node1', 'node4']);
    assert.deepEqual(showFarewell(done, ['node1', 'node2', 'node3', 'node4']), [
      'stop musterd on node[2-3] (systemctl disable --now musterd), then provision the others',
    ]);
    assert.deepEqual(showFarewell(done.slice(0, 1), ['node1', 'node4']), []);
  });

  it('changes nothing where they are the same', () => {
    assert.deepEqual(planVoters(['node2', 'node1'], 1, ['node1', 'node2']), []);
  });
});
