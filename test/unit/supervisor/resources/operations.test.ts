import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { AgentMachine } from './machine.ts';

describe('operations on resources', function () {
  this.timeout(60_000);
  let machine: AgentMachine;
  beforeEach(() => {
    machine = new AgentMachine();
  });
  afterEach(() => machine.remove());

  const read = (name: string): string =>
    existsSync(machine.path(name)) ? readFileSync(machine.path(name), 'utf8') : '';
  const until = async (condition: () => boolean): Promise<void> => {
    for (let waited = 0; !condition(); waited++) {
      assert.ok(waited < 2000, 'it did not happen within 20 s');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  it('run an OCF agent with its parameters and the environment of the API', async () => {
    machine.script('ocf/resource.d/acme/Thing', 'env | sort >"$ROOT/env.$1"; echo "$@" >"$ROOT/args.$1"; exit 7');
    const { act } = machine.operations(['ocf:acme:Thing::size=two words::x='], { monitorInterval: 5000 });
    assert.equal((await act(0, 'probe')).kind, 'notRunning');
    assert.equal(read('args.monitor'), 'monitor\n');
    const probe = read('env.monitor').split('\n');
    for (const line of [
      'OCF_RESKEY_size=two words',
      'OCF_RESKEY_x=',
      `OCF_ROOT=${machine.places.ocf}`,
      'OCF_RA_VERSION_MAJOR=1',
      'OCF_RA_VERSION_MINOR=1',
      'OCF_RESOURCE_INSTANCE=shop.0',
      'OCF_RESOURCE_TYPE=Thing',
      'OCF_RESOURCE_PROVIDER=acme',
      'OCF_RESKEY_CRM_meta_interval=0',
      'OCF_RESKEY_CRM_meta_timeout=20000',
      'LC_ALL=C',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'SITE=here',
    ])
      assert.ok(probe.includes(line), line);
    assert.equal(
      probe.some((line) => line.startsWith('NODE_') || line.startsWith('npm_')),
      false,
    );
    await act(0, 'monitor');
    assert.match(read('env.monitor'), /^OCF_RESKEY_CRM_meta_interval=5000$/m);
  });

  it('run scripts of heartbeat and of init with their arguments before the action', async () => {
    machine.script('ha.d/resource.d/Filesystem', 'echo "$@" >>"$ROOT/log"; echo running');
    machine.script('init.d/postfix', 'echo "postfix $@" >>"$ROOT/log"; exit 3');
    const { act } = machine.operations(['Filesystem::/dev/sdb1::/srv::ext4::rw,noatime', 'postfix']);
    assert.equal((await act(0, 'start')).kind, 'ok');
    assert.equal((await act(0, 'monitor')).kind, 'ok');
    assert.equal((await act(1, 'probe')).kind, 'notRunning');
    assert.equal(
      read('log'),
      '/dev/sdb1 /srv ext4 rw,noatime start\n/dev/sdb1 /srv ext4 rw,noatime status\npostfix status\n',
    );
  });

  it("run the OCF agent where heartbeat's own script is not installed", async () => {
    machine.script(
      'ocf/resource.d/heartbeat/Filesystem',
      'echo "$OCF_RESKEY_device $OCF_RESKEY_directory $OCF_RESKEY_fstype $1" >"$ROOT/log"',
    );
    const { act } = machine.operations(['Filesystem::/dev/sdb1::/srv::ext4']);
    assert.equal((await act(0, 'start')).kind, 'ok');
    assert.equal(read('log'), '/dev/sdb1 /srv ext4 start\n');
  });

  it("run the OCF agent rather than heartbeat's script where it has parameters, which no script takes", async () => {
    machine.script('ha.d/resource.d/Filesystem', 'echo "script $@" >>"$ROOT/log"');
    machine.script('ocf/resource.d/heartbeat/Filesystem', 'echo "agent $OCF_RESKEY_run_fsck $1" >>"$ROOT/log"');
    await machine.operations(['Filesystem::/dev/sdb1::/srv']).act(0, 'start');
    await machine.operations(['Filesystem::/dev/sdb1::/srv'], {}, { run_fsck: 'no' }).act(0, 'start');
    assert.equal(read('log'), 'script /dev/sdb1 /srv start\nagent no start\n');
  });

  it('say of what is not there that it cannot run here', async () => {
    const { act } = machine.operations(['ocf:acme:Nothing', 'nothing', 'lsb:nothing', 'nothing.service', 'Own::arg']);
    for (const index of [0, 1, 2, 3, 4]) assert.equal((await act(index, 'start')).kind, 'unable', `${index}`);
  });

  it('prefer a unit to an init script of the same name where systemd runs the machine', async () => {
    machine.script('init.d/web', 'echo script >"$ROOT/log"');
    const { act } = machine.operations(['web']);
    mkdirSync(machine.path('units'));
    writeFileSync(machine.path('units/web.service'), '');
    await act(0, 'start');
    assert.equal(read('log'), 'script\n');
    mkdirSync(machine.path('systemd'));
    // This systemctl knows no such unit, or there is none at all; the script is not asked again in either case.
    writeFileSync(machine.path('log'), '');
    assert.notEqual((await act(0, 'start')).kind, 'ok');
    assert.equal(read('log'), '');
  });

  it('kill what takes too long, with all that it has started', async () => {
    machine.script(
      'init.d/slow',
      'trap "" TERM; sleep 300 & echo $! >"$ROOT/child"; echo $$ >"$ROOT/pid"; wait; sleep 300',
    );
    const { act } = machine.operations(['slow']);
    const outcome = await act(0, 'start', 300);
    assert.equal(outcome.kind, 'timedOut');
    const alive = (pid: string): boolean =>
      existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    await until(() => !alive(read('child').trim()) && !alive(read('pid').trim()));
    assert.deepEqual(readdirSync(machine.path('run')), []);
  });

  it('do not wait for what an agent leaves running, and do not end it', async () => {
    machine.script(
      'init.d/daemon',
      '(while [ -d "$ROOT" ]; do echo out; sleep 0.05; done; true) & echo $! >"$ROOT/pid"; echo started',
    );
    const { act } = machine.operations(['daemon']);
    assert.equal((await act(0, 'start')).kind, 'ok');
    const pid = Number(read('pid'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.kill(pid, 0);
    process.kill(pid, 'SIGKILL');
  });

  it('are done one after the other on one resource, and beside each other on others', async () => {
    machine.script(
      'init.d/a',
      'echo "begin $1" >>"$ROOT/log"; [ "$1" = start ] && while [ ! -e "$ROOT/go" ]; do sleep 0.02; done; echo "end $1" >>"$ROOT/log"',
    );
    machine.script('init.d/b', 'touch "$ROOT/go"');
    const { act } = machine.operations(['a', 'b']);
    await Promise.all([act(0, 'start'), act(0, 'stop'), act(1, 'start')]);
    assert.equal(read('log'), 'begin start\nend start\nbegin stop\nend stop\n');
  });

  it('are told nothing of what was cancelled, and go on once it is dead', async () => {
    machine.script(
      'init.d/a',
      'echo "begin $1" >>"$ROOT/log"; [ "$1" = start ] && sleep 300; echo "end $1" >>"$ROOT/log"',
    );
    const { act, operations, lastId } = machine.operations(['a']);
    let told = false;
    void act(0, 'start').then(() => {
      told = true;
    });
    const started = lastId();
    await until(() => read('log') === 'begin start\n');
    operations.cancel(started);
    assert.equal((await act(0, 'stop')).kind, 'ok');
    assert.equal(read('log'), 'begin start\nbegin stop\nend stop\n');
    assert.equal(told, false);
  });

  it('that cannot even be begun have failed, and the next one can', async () => {
    machine.script('init.d/a', 'echo "begin $1" >>"$ROOT/log"');
    const { act } = machine.operations(['a']);
    writeFileSync(machine.path('run'), 'a file where a folder should be');
    assert.deepEqual((await act(0, 'start')).kind, 'failed');
    rmSync(machine.path('run'));
    assert.equal((await act(0, 'start')).kind, 'ok');
    assert.equal(read('log'), 'begin start\n');
  });

  it('of an earlier musterd are waited for before anything else is done', async () => {
    machine.script(
      'init.d/a',
      'echo "begin $1" >>"$ROOT/log"; [ "$1" = start ] && while [ ! -e "$ROOT/go" ]; do sleep 0.02; done; echo "end $1" >>"$ROOT/log"',
    );
    const before = machine.operations(['a']);
    void before.act(0, 'start');
    await until(() => read('log') === 'begin start\n');
    before.operations.stop();
    const after = machine.operations(['a']);
    const recovered = after.operations.recover();
    setTimeout(() => writeFileSync(machine.path('go'), ''), 200);
    assert.deepEqual(await recovered, ['shop.0']);
    assert.equal(read('log'), 'begin start\nend start\n');
    await until(() => readdirSync(machine.path('run')).length === 0);
    assert.deepEqual(await after.operations.recover(), []);
  });

  it('of an earlier musterd are killed where they take longer than they may', async () => {
    machine.script('init.d/a', 'echo $$ >"$ROOT/pid"; sleep 300');
    const before = machine.operations(['a']);
    void before.act(0, 'start');
    await until(() => read('pid') !== '');
    before.operations.stop();
    const after = machine.operations(['a'], { startTimeout: 200, stopTimeout: 200 });
    assert.deepEqual(await after.operations.recover(), ['shop.0']);
    assert.equal(
      existsSync(`/proc/${read('pid').trim()}`) &&
        !/\) Z /.test(readFileSync(`/proc/${read('pid').trim()}/stat`, 'utf8')),
      false,
    );
  });

  it('of an earlier musterd that do not even die are told of, and waited for', async () => {
    // It leads no process group, so that nothing of its group is there to be killed.
    const deaf = spawn('sleep', ['300'], { stdio: 'ignore' });
    try {
      mkdirSync(machine.path('run'));
      writeFileSync(machine.path('run/shop.0.operation'), readFileSync(`/proc/${deaf.pid}/stat`));
      const stuck: string[] = [];
      const { operations } = machine.operations(['a'], { startTimeout: 50, stopTimeout: 50 });
      let over = false;
      const recovered = operations
        .recover((instance) => stuck.push(instance))
        .finally(() => {
          over = true;
        });
      await until(() => stuck.length > 0);
      assert.deepEqual([stuck, over], [['shop.0'], false]);
      deaf.kill('SIGKILL');
      assert.deepEqual(await recovered, ['shop.0']);
    } finally {
      deaf.kill('SIGKILL');
    }
  });

  it('of an earlier boot, whose process ids others have now, are nobody to wait for', async () => {
    mkdirSync(machine.path('run'));
    writeFileSync(machine.path('run/shop.0.operation'), `${process.pid} (sh) S 1 ${'0 '.repeat(17)}123 0\n`);
    writeFileSync(machine.path('run/shop.1.operation'), '');
    const { operations } = machine.operations(['a']);
    assert.deepEqual(await operations.recover(), []);
    assert.deepEqual(readdirSync(machine.path('run')), []);
  });
});
