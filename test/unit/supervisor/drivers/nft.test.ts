import assert from 'node:assert/strict';
import { runProgram } from '../../../../src/supervisor/drivers/nft.ts';

describe('a program that is run to its end', () => {
  it('is told apart from one that took too long, and from one that is not there', async () => {
    const ended = await runProgram('sh', ['-c', 'cat; echo why >&2; exit 3'], 'input');
    assert.deepEqual(ended, { code: 3, stdout: 'input', stderr: 'why\n', timedOut: false });
    const late = await runProgram('sleep', ['60'], '', 50);
    assert.deepEqual([late.timedOut, late.stderr], [true, 'SIGKILL after 50 ms']);
    const absent = await runProgram('no-such-program-here', []);
    assert.deepEqual([absent.code, absent.timedOut], [127, false]);
  });
});
