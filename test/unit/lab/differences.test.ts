import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { differences } from '../../lab/reference/differences.ts';
import { stories } from '../../lab/reference/stories.ts';

const stages = stories.flatMap((story) => story.stages);

describe('what is known to differ from heartbeat', () => {
  it('is a stage that is told, where something else runs or happens', () => {
    assert.equal(new Set(stages.map(({ name }) => name)).size, stages.length);
    for (const { stage: name, rest, done } of differences) {
      const stage = stages.find((one) => one.name === name);
      assert.ok(stage !== undefined, name);
      assert.notDeepEqual({ rest, done }, { rest: stage.rest, done: stage.done }, name);
    }
  });

  it('is what ARCHITECTURE.md tells people', () => {
    const text = readFileSync(new URL('../../../ARCHITECTURE.md', import.meta.url), 'utf8');
    const rows = text.split('\n').filter((line) => line.startsWith('| *'));
    const told = differences.map(
      ({ stage, heartbeat, musterd, reason }) => `| *${stage}* | ${heartbeat} | ${musterd} | ${reason} |`,
    );
    assert.deepEqual(rows, told);
  });
});
