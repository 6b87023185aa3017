/** Commands that a login shell runs which was started before them: nobody can tell it from one of their own. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Problem } from '../../src/base/problem.ts';
import { waitUntil } from '../../src/lab/wait.ts';
import { connect } from '../../src/remote/connection.ts';
import { dialAgent } from '../../src/remote/persist/client.ts';
import { commandOnHeld } from '../../src/remote/persist/held-command.ts';
import { type AgentStatus, type Answer, agentSocketPath, JsonLines } from '../../src/remote/persist/protocol.ts';
import type { ExecOptions, Target } from '../../src/remote/types.ts';
import { installPackages } from '../debian/installed.ts';
import { isGone, keygen, startSshd, type TestSshd } from './sshd.ts';

/** The agent changes its directory; so it is told where its program is. */
const start = [process.execPath, '--import', import.meta.resolve('tsx'), join(process.cwd(), 'src/cli/main.ts')];

/** The one thing that is there to see. */
const asks = 'test -n "$muster_line" && echo ahead || echo afresh';

/** What is to be the same to the byte. */
const same = [
  'true',
  'false',
  'exit 7',
  'echo out; echo err >&2; exit 3',
  'pwd; umask; echo "$0 $# $-"; ulimit -n; echo "$SHLVL $SECONDS"',
  'env | grep -v -e ^SSH_ -e ^_= | sort',
  'env',
  'cat; read -r line; echo "$? $line"',
  'kill -9 $$',
  'kill -TERM $$',
  "sh -c 'echo $0 $#; kill -HUP $$' one two",
  'set -e; false; echo never',
  'trap "echo bye" EXIT; exit 4',
  'trap "" TERM; kill $$; echo alive',
  'exec echo x',
  'exec 2>&1; echo y >&2; exec true; echo never',
  'printf "no newline"',
  "printf '\\000\\377\\036\\001'",
  'nosuchprogram-x',
  './nosuch one',
  '/etc/passwd',
  'own () { echo "function $1"; }; own 1',
  'echo "two  blanks" *nothing* $HOME \\\\ "$(echo sub)" ~',
  'set -- $(cut -d" " -f5,6 /proc/$$/stat); [ "$1 $2" = "$$ $$" ] && echo a session of its own',
  '(sleep 0.3; echo late; echo later >&2) & echo early',
  'head -c 300000 /dev/zero | tr "\\0" x',
  'ls -d / /etc /nosuch',
  'cd / && pwd; false || echo or; ! true; echo $?',
  '  uname   -s  ',
  '# nothing',
];

describe('remote: shells that were started ahead', function () {
  this.timeout(120_000);
  let sshd: TestSshd;
  let narrow: TestSshd;
  let runtime: string;
  const before_ = process.env.XDG_RUNTIME_DIR;
  before(async () => {
    installPackages({ '/usr/bin/fish': 'fish', '/bin/tcsh': 'tcsh', '/usr/bin/zsh': 'zsh' });
    runtime = mkdtempSync(join(tmpdir(), 'muster-runtime-'));
    process.env.XDG_RUNTIME_DIR = runtime;
    const shells = {
      bash: '/bin/bash',
      dash: '/bin/dash',
      zsh: '/usr/bin/zsh',
      fish: '/usr/bin/fish',
      tcsh: '/bin/tcsh',
    };
    const others = { rbash: '/bin/rbash', talks: '/bin/bash', hurries: '/bin/bash' };
    const accounts = Object.entries({ ...shells, ...others }).map(([name, shell]) => ({ name, password: '*', shell }));
    sshd = await startSshd({ accounts });
    writeFileSync(join(sshd.dir, 'home-talks', '.bashrc'), 'echo hello; echo there >&2\n');
    writeFileSync(join(sshd.dir, 'home-hurries', '.bashrc'), 'export TMOUT=1\n');
    narrow = await startSshd({ config: ['MaxSessions 1'] });
  });
  after(async () => {
    execFileSync(start[0]!, [...start.slice(1), 'agent', 'stop']);
    if (before_ === undefined) delete process.env.XDG_RUNTIME_DIR;
    else process.env.XDG_RUNTIME_DIR = before_;
    await sshd.stop();
    await narrow.stop();
    rmSync(runtime, { recursive: true, force: true });
  });

  const persist = { idleMs: 600_000, start: [...start, 'agent', 'serve'] };
  /** Each account is a host of its own. */
  const at = (user: string): Target => sshd.target({ name: user, user, persist });

  async function status(): Promise<AgentStatus['sessions']> {
    const socket = (await dialAgent(agentSocketPath()))!;
    const lines = new JsonLines(socket);
    lines.send({ want: 'status' });
    const answer = (await lines.next()) as Answer;
    socket.destroy();
    return 'status' in answer ? answer.status.sessions : [];
  }
  const becomes = async (name: string, workers: number): Promise<void> => {
    const there = async (): Promise<boolean> =>
      (await status()).some((held) => held.host === name && held.state === 'idle' && held.workers === workers);
    assert.ok(await waitUntil(there, { timeoutMs: 20_000, everyMs: 10 }), `${name} has not ${workers} shells`);
  };
  /** The connection is open, and a shell waits there. */
  async function ready(target: Target): Promise<void> {
    if (!(await status().catch(() => [])).some(({ host }) => host === target.name))
      await (await connect(target)).close();
    await becomes(target.name, 1);
  }

  interface Ran {
    readonly rc: number | null | undefined;
    readonly signal: string | null | undefined;
    readonly timedOut: boolean | undefined;
    readonly out: string;
    readonly err: string;
  }
  async function run(target: Target, command: string, options: ExecOptions = {}): Promise<Ran> {
    const said = { out: [] as Buffer[], err: [] as Buffer[] };
    const result = await commandOnHeld(target, command, {
      collect: false,
      onStdout: (chunk) => void said.out.push(Buffer.from(chunk)),
      onStderr: (chunk) => void said.err.push(Buffer.from(chunk)),
      ...options,
    });
    assert.ok(result !== undefined, 'it was not run by the background process');
    const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('latin1');
    return {
      rc: result.rc,
      signal: result.signal,
      timedOut: result.timedOut,
      out: text(said.out),
      err: text(said.err),
    };
  }
  /** As the same command runs in a channel and a shell of its own. */
  async function afresh(user: string, commands: readonly string[]): Promise<Ran[]> {
    const connection = await connect(sshd.target({ user }));
    const all: Ran[] = [];
    for (const command of commands) {
      const { rc, signal, timedOut, stdout, stderr } = await connection.exec(command);
      all.push({ rc, signal, timedOut, out: stdout.toString('latin1'), err: stderr.toString('latin1') });
    }
    await connection.close();
    return all;
  }
  /** The ports of a connection are its own, and `_` is bash's, which no program gets that takes its place by `exec`. */
  const comparable = (ran: Ran): Ran => ({ ...ran, out: ran.out.replace(/^(SSH_\w+|_)=.*\n/gm, '') });

  it('run commands as bash runs them that was started for them', async () => {
    const expected = await afresh('bash', same);
    for (const [index, command] of same.entries()) {
      await ready(at('bash'));
      assert.deepEqual(comparable(await run(at('bash'), command)), comparable(expected[index]!), command);
    }
    await ready(at('bash'));
    assert.equal((await run(at('bash'), asks)).out, 'ahead\n');
    for (const command of ['if', 'echo "unfinished', 'echo (']) {
      await ready(at('bash'));
      const [{ rc, out }] = (await afresh('bash', [command])) as [Ran];
      const ran = await run(at('bash'), command);
      assert.deepEqual([ran.rc, ran.out], [rc, out], command);
      assert.match(ran.err, /syntax error|unexpected EOF/);
    }
  });

  it('are dash and zsh, too, and programs for sh begin in them', async () => {
    const commands = ['echo out; echo err >&2; exit 3', 'cat; pwd; umask', 'kill -9 $$', 'set -e; false; echo never'];
    for (const shell of ['dash', 'zsh']) {
      const expected = await afresh(shell, commands);
      for (const [index, command] of commands.entries()) {
        await ready(at(shell));
        assert.deepEqual(await run(at(shell), command), expected[index], `${shell}: ${command}`);
      }
      await ready(at(shell));
      const program = 'echo "of several\nlines"; cat; exit 5';
      assert.deepEqual(await run(at(shell), program, { as: 'user' }), {
        rc: 5,
        signal: null,
        timedOut: false,
        out: 'of several\nlines\n',
        err: '',
      });
      await ready(at(shell));
      assert.equal((await run(at(shell), asks)).out, 'ahead\n');
    }
  });

  it('are none where the shell is no plain one of POSIX, or has something to say', async () => {
    const commands: Record<string, string> = {
      fish: 'set x 1; echo $x; echo err >&2; exit 3',
      tcsh: 'set x = 1; echo $x; exit 3',
      rbash: 'echo $x; uname; cd /',
      talks: 'echo on',
      hurries: 'echo $TMOUT',
    };
    for (const [user, command] of Object.entries(commands)) {
      const [expected] = await afresh(user, [command]);
      await (await connect(at(user))).close();
      await becomes(user, 0);
      for (let turn = 0; turn < 2; turn++) {
        assert.deepEqual(await run(at(user), command), expected, user);
        // Long enough for a shell to be there, if there were to be one.
        await ready(at('dash'));
        await run(at('dash'), 'true');
      }
      await becomes(user, 0);
    }
  });

  it('end with all that they run when the time is over, and after Ctrl-C', async () => {
    const command = 'trap "" HUP; sleep 300 & echo $! $$; wait';
    const gone = async (out: string): Promise<void> => {
      const pids = out.trim().split(' ').map(Number);
      assert.equal(pids.length, 2);
      for (const pid of pids) assert.ok(pid > 1 && (await isGone(pid)));
    };
    await ready(at('bash'));
    const late = await run(at('bash'), command, { timeoutMs: 1500 });
    assert.deepEqual([late.timedOut, late.rc], [true, null]);
    await gone(late.out);
    await ready(at('bash'));
    const stop = new AbortController();
    let said = '';
    const onStdout = (chunk: Buffer): void => {
      said += chunk.toString();
      stop.abort();
    };
    const stopped = run(at('bash'), command, { signal: stop.signal, onStdout });
    await assert.rejects(stopped, (error: Problem) => error.reason === 'interrupted');
    await gone(said);
    await ready(at('bash'));
    const over = new AbortController();
    over.abort();
    const never = run(at('bash'), 'echo never', { signal: over.signal });
    await assert.rejects(never, (error: Problem) => error.reason === 'interrupted');
    await ready(at('bash'));
    assert.equal((await run(at('bash'), 'echo on')).out, 'on\n');
  });

  it('wait for a reader who takes his time, and see what the command before them did', async () => {
    await ready(at('bash'));
    let bytes = 0;
    const onStdout = async (chunk: Buffer): Promise<void> => {
      bytes += chunk.length;
      await new Promise((resolve) => setTimeout(resolve, 2));
    };
    assert.equal((await run(at('bash'), 'head -c 20000000 /dev/zero; exit 9', { onStdout })).rc, 9);
    assert.equal(bytes, 20_000_000);
    await ready(at('bash'));
    await run(at('bash'), 'echo "export SEEN=1" >.bashrc');
    await ready(at('bash'));
    assert.equal((await run(at('bash'), `echo $SEEN; ${asks}`)).out, '1\nahead\n');
  });

  it('are not tried where the key has a command of its own', async () => {
    keygen(join(sshd.dir, 'forced'));
    const key = readFileSync(join(sshd.dir, 'forced.pub'), 'utf8');
    writeFileSync(join(sshd.dir, 'authorized_keys'), `restrict,command="echo it >>.runs" ${key}`, { flag: 'a' });
    const forced = { ...at('dash'), name: 'forced', identityFiles: [join(sshd.dir, 'forced')] };
    await (await connect(forced)).close();
    await run(forced, 'true');
    await run(forced, 'true');
    // By then one would have been started for it, too.
    await ready(at('bash'));
    await run(at('bash'), 'true');
    await ready(at('bash'));
    assert.equal(readFileSync(join(sshd.dir, 'home-dash', '.runs'), 'utf8'), 'it\nit\n');
  });

  it('may be killed while they wait', async () => {
    await ready(at('bash'));
    const home = join(sshd.dir, 'home-bash');
    const read = (pid: string, file: string): string => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, 'latin1');
      } catch {
        return '';
      }
    };
    const waiting = readdirSync('/proc').filter(
      (pid) => read(pid, 'cmdline').includes('muster_line') && read(pid, 'environ').includes(`HOME=${home}\0`),
    );
    assert.equal(waiting.length, 1);
    process.kill(Number(waiting[0]), 'SIGKILL');
    await becomes('bash', 0);
    assert.equal((await run(at('bash'), 'echo on')).out, 'on\n');
    await ready(at('bash'));
  });

  it('make room where sshd gives one channel only, and run no command that does not fit into their line', async () => {
    const one = narrow.target({ name: 'narrow', persist });
    await ready(one);
    const connection = await connect(one);
    assert.equal((await connection.exec('cat', { stdin: 'fed' })).stdout.toString(), 'fed');
    await connection.close();
    for (const command of ['echo several\necho lines', `echo ${'x'.repeat(5000)}`, 'echo \u00e4', 'echo on']) {
      await ready(one);
      const { rc, out } = await run(one, command);
      assert.equal(rc, 0);
      assert.equal(out, Buffer.from(`${command.replace(/echo /g, '')}\n`).toString('latin1'));
    }
  });
});
