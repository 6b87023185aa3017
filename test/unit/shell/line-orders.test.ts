import assert from 'node:assert/strict';
import { completions, promptFor, readOrder } from '../../../src/shell/line-orders.ts';

describe('a line at the prompt of muster shell --line', () => {
  it('is an order about the session, or a command', () => {
    assert.deepEqual(readOrder('@web'), { kind: 'only', pattern: 'web' });
    assert.deepEqual(readOrder(' + node7,@db '), { kind: 'add', pattern: 'node7,@db' });
    assert.deepEqual(readOrder('-node[2-3]'), { kind: 'remove', pattern: 'node[2-3]' });
    assert.deepEqual(readOrder('!ls -l'), { kind: 'local', command: 'ls -l' });
    for (const [line, kind] of Object.entries({ '': 'nothing', '  ': 'nothing', '?': 'help', '=': 'toggle-view' })) {
      assert.deepEqual(readOrder(line), { kind });
    }
    assert.deepEqual([readOrder('quit').kind, readOrder('exit').kind], ['leave', 'leave']);
    for (const command of ['exit 3', 'ls', '? x', 'a=b', 'test -f x']) {
      assert.deepEqual(readOrder(command), { kind: 'run', command });
    }
  });

  it('is completed with hosts and groups where they can stand', () => {
    const names = { hosts: ['node1', 'node2', 'web9'], groups: ['all', 'web'] };
    assert.deepEqual(completions('@we', names), [['web', 'web9'], 'we']);
    assert.deepEqual(completions('+we', names), [['web9', '@web'], 'we']);
    assert.deepEqual(completions('-node1,@a', names), [['@all'], '@a']);
    assert.deepEqual(completions('+node1!no', names), [['node1', 'node2'], 'no']);
    assert.deepEqual(completions('ls no', names), [[], 'ls no']);
  });

  it('stands behind a prompt that is not too long', () => {
    assert.equal(promptFor('node[1-3]', 3, 40), 'node[1-3] (3)> ');
    assert.equal(promptFor('a'.repeat(50), 50, 10), 'aaaaaaaaa… (50)> ');
  });
});
