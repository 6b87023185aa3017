import assert from 'node:assert/strict';
import { planVoters, showVoterStep } from '../../../src/cli/voter-plan.ts';

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

  it('changes nothing where they are the same', () => {
    assert.deepEqual(planVoters(['node2', 'node1'], 1, ['node1', 'node2']), []);
  });
});
