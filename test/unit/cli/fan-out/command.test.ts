// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the braces are the shell's
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Problem } from '../../../../src/base/problem.ts';
import { renderCommand } from '../../../../src/cli/fan-out/command-template.ts';
import { interpreterOf, type ProgramRequest, remoteProgram } from '../../../../src/cli/fan-out/remote-program.ts';
import type { Host, Variables } from '../../../../src/model/inventory.ts';
import { drawnOf, draws } from '../../../draws.ts';

function host(variables: Variables): Host {
  const ssh = { address: '10.0.0.1', user: 'op', port: undefined, identityFile: undefined, proxyCommand: undefined };
  return { name: 'node1', connection: 'ssh', ssh, groups: ['all', 'web'], variables };
}

describe('commands with --template', () => {
  it('puts in names and variables, and lists as words', () => {
    const text = 'echo {{ host }} {{address}} {{ disk.size }} {{ groups }} --rack={{ rack }}/x $HOME {a,b}';
    assert.equal(
      renderCommand(text, host({ rack: 'r 1', disk: { size: 3 } })),
      "echo node1 10.0.0.1 3 all web --rack='r 1'/x $HOME {a,b}",
    );
  });

  it('a variable called host does not hide the name', () => {
    assert.equal(renderCommand('{{ host }}', host({ host: 'other' })), 'node1');
  });

  it('a shell gets every value back as it was, whatever is in it', () => {
    const value = fc
      .string({ unit: 'binary', maxLength: 20 })
      .filter((text) => !text.includes('\0') && Buffer.from(text).toString() === text);
    const nasty = fc.constantFrom('', ' ', "'", '"', '`id`', '$(id)', '; id', '\n', '\\', '-rf', '*', '!!', '#', '~');
    fc.assert(
      fc.property(fc.array(fc.oneof(nasty, value), { minLength: 1, maxLength: 5 }), (values) => {
        const command = renderCommand(`printf '%s\\0' {{ v }}`, host({ v: values }));
        const { stdout } = spawnSync('/bin/sh', ['-c', command]);
        assert.deepEqual(stdout.toString().split('\0').slice(0, -1), values);
      }),
      { numRuns: draws(60) },
    );
  });

  it('no value is ever run, wherever a command has room for one', function () {
    this.timeout(60_000);
    const pieces = [
      ...[' ', '\n', "'", '"', '`', '\\', '#', '$', '(', ')', '{', '}', '[', ']', ']=', ';', 'a', 'x['],
      ...['echo ', '${x:-', '${', '$(', '$((', '((', '))', '"$(', ')"', "$'", '$[', 'x="', '}"', '"${x:-'],
      ...['# ', ' # it', "it's ", "\n'", '"$(echo "', '")" ', '"`echo "', ')#', '\\\n#', "${x#'}", '<<E\n', '\nE\n'],
    ];
    const values = [
      ...['$(MARK)', '`MARK`', ';MARK;', '\nMARK\n', '\nMARK\n#', "';MARK;'", '";MARK;"', "\\';MARK #"],
      ...['a[$(MARK)]', '$(MARK))) ', 'x', '};MARK;', '\nE\nMARK\n'],
    ];
    const folder = mkdtempSync(join(tmpdir(), 'muster-template-'));
    const mark = join(folder, 'made');
    const commands: string[] = [];
    const add = (text: string): void => {
      for (const value of values) {
        try {
          commands.push(renderCommand(text, host({ v: value.replaceAll('MARK', `echo>${mark}`) })));
        } catch (error) {
          assert.ok(error instanceof Problem, String(error));
          return;
        }
      }
    };
    for (const first of pieces) {
      for (const second of pieces) add(`${first}{{ v }}${second}{{ v }}`);
    }
    // The same numbers every time.
    let state = 7;
    const pick = (): string => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return pieces[Math.floor((state / 0x80000000) * pieces.length)]!;
    };
    for (let turn = 0; turn < 600; turn++) add(`${pick()}${pick()}${pick()}{{ v }}${pick()} {{ v }}`);
    // Only what is built into the shell can run. A value may be the name of what is run: that is what was asked for.
    const each = `i=0; for c; do (eval "$c") >/dev/null 2>&1 </dev/null; [ -e ${mark} ] && { echo $i; exit; }; i=$((i+1)); done`;
    try {
      assert.ok(commands.length > 3000, `only ${commands.length} commands were let through`);
      const tried = drawnOf(commands);
      for (const shell of ['/bin/sh', '/bin/bash']) {
        for (let from = 0; from < tried.length; from += 4000) {
          const some = tried.slice(from, from + 4000);
          const options = { cwd: folder, env: { PATH: '/nowhere' }, encoding: 'utf8' } as const;
          const { stdout, status } = spawnSync(shell, ['-c', each, 'sh', ...some], options);
          assert.equal(stdout, '', `${shell} ran a value in ${JSON.stringify(some[Number(stdout)])}`);
          assert.notEqual(status, null);
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('may stand where it is a word: in substitutions, behind comments, quotes and arithmetic', () => {
    for (const text of [
      'echo $(cat {{ rack }})',
      'echo "it\'s $(date) ${x:-y}" $((1 + 2)) {{ rack }}',
      "# don't\necho {{ rack }} 'and' \"more\" a#{{ rack }}",
      'v={{ rack }}; echo "$v" > /dev/null',
      '[ -e {{ rack }} ] && ls x[0-9] {{ rack }}',
    ]) {
      assert.equal(renderCommand(text, host({ rack: 'r 1' })), text.replaceAll('{{ rack }}', "'r 1'"));
    }
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    ['echo {{ rakc }}', /"rakc" is not/],
    ['echo "{{ rack }}"', /within double quotes/],
    ["sh -c 'echo {{ rack }}'", /within single quotes/],
    ['echo `echo {{ rack }}`', /within backquotes/],
    ['cat <<E\n{{ rack }}\nE', /here-document/],
    ['echo "$(cat "{{ rack }}")"', /behind quotes or brackets within brackets/],
    ['echo $(( {{ rack }} + 1 ))', /two parentheses/],
    ['echo ${x:-{{ rack }}}', /braces behind a dollar sign/],
    ['echo $[ {{ rack }} ]', /some shells take for arithmetic/],
    ['x[ {{ rack }} ]=1', /within brackets behind a word/],
    ['echo ${{ rack }}', /behind a dollar sign/],
    ["echo # don't\necho '{{ rack }}'", /single quotes/],
    ['echo # {{ rack }}', /a comment/],
    ["echo $'it' {{ rack }}", /not every shell/],
    ['docker ps --format {{.Names}}', /must hold the name of a variable/],
    ['echo {{ map }}', /a word or a list/],
    ['echo {{ zero }}', /NUL/],
  ];
  for (const [text, message] of refused) {
    it(`refuses ${text}`, () => {
      assert.throws(
        () => renderCommand(text, host({ rack: 'r1', map: { a: 1 }, zero: 'a\0b' })),
        (error: Problem) => error instanceof Problem && error.reason === 'usage' && message.test(error.message),
      );
    });
  }
});

describe('what a host is given to run', () => {
  const plain: ProgramRequest = { what: { command: 'id' }, sudo: false, cwd: undefined, env: [], forSh: false };
  const result = (program: string, input = ''): string => {
    const { stdout, stderr } = spawnSync('/bin/sh', ['-c', program], {
      input,
      env: { ...process.env, SHELL: '/bin/sh' },
    });
    return stdout.toString() + stderr.toString();
  };

  it('is the command itself where nothing else is asked for', () => {
    assert.deepEqual(remoteProgram(plain), { command: 'id', as: undefined });
  });

  it('has directory and environment, whatever is in them', () => {
    const env = [['A', "it's\n$(x)"]] as const;
    const { command, as } = remoteProgram({ ...plain, what: { command: 'pwd; echo "$A"' }, cwd: '/usr', env });
    assert.equal(as, 'user');
    assert.equal(result(command), "/usr\nit's\n$(x)\n");
    assert.match(result(remoteProgram({ ...plain, cwd: '-no such' }).command), /no such/);
  });

  it('is a program for sh as root, and with a template', () => {
    assert.deepEqual(remoteProgram({ ...plain, sudo: true }), { command: 'id', as: 'root' });
    assert.deepEqual(remoteProgram({ ...plain, forSh: true }), { command: 'id', as: 'user' });
  });

  it('runs a script with its arguments and input, gives its exit code and leaves nothing behind', () => {
    const script = Buffer.from('#!/bin/sh -u\necho "$1|$2|$0"; cat; exit 7\n');
    const { command } = remoteProgram({ ...plain, what: { script, args: ['a b', "'"] } });
    const { stdout, status } = spawnSync('/bin/sh', ['-c', command], { input: 'in\n' });
    const [first, second] = stdout.toString().split('\n');
    assert.ok(first!.startsWith(`a b|'|${tmpdir()}/muster-script.`), first);
    assert.equal(second, 'in');
    assert.equal(status, 7);
    assert.equal(spawnSync('test', ['-e', first!.split('|')[2]!]).status, 1);
  });

  it('takes the interpreter of the first line as Linux does', () => {
    assert.deepEqual(interpreterOf(Buffer.from('#! /usr/bin/env  python3 -u \nx')), ['/usr/bin/env', 'python3 -u']);
    assert.deepEqual(interpreterOf(Buffer.from('#!/bin/bash')), ['/bin/bash']);
    assert.deepEqual(interpreterOf(Buffer.from('echo hi\n')), ['/bin/sh']);
  });
});
