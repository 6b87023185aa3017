import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unitFact } from '../../../src/playbook/facts/unit.ts';
import { systemctlAnywhere } from '../../../src/playbook/init-scripts.ts';
import { renderTemplate } from '../../../src/playbook/template.ts';

interface Ran {
  readonly code: number | null;
  readonly out: string;
}

/** A machine without systemd, as far as a folder can be one. */
class Machine {
  readonly root = mkdtempSync(join(tmpdir(), 'muster-init-'));
  readonly daemon: 'musterd' | 'musterd-arbiter';
  readonly script: string;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(daemon: Machine['daemon'] = 'musterd') {
    this.daemon = daemon;
    this.script = join(this.root, 'init.d', daemon);
    for (const folder of ['init.d', 'run', 'rc2.d']) mkdirSync(join(this.root, folder));
    const template = readFileSync('templates/musterd.init.hbs', 'utf8');
    const scope = { daemon, arbiter: daemon === 'musterd-arbiter', inventory_hostname: 'node1' };
    writeFileSync(this.script, renderTemplate(template, scope));
    chmodSync(this.script, 0o755);
    // It says what it hears, and ends in order when it is asked to; "fall" makes it fall over.
    const bundle = join(this.root, 'musterd.cjs');
    const log = join(this.root, 'log');
    writeFileSync(
      bundle,
      `const fs = require('node:fs');
const say = (text) => fs.appendFileSync(${JSON.stringify(log)}, text + '\\n');
say(process.argv.slice(2).join(' '));
process.on('SIGHUP', () => say('reload'));
process.on('SIGUSR1', () => process.exit(3));
process.on('SIGTERM', () => { say('stop'); setTimeout(() => process.exit(0), 50); });
setInterval(() => {}, 1000);
`,
    );
    const defaults = join(this.root, 'defaults');
    const run = join(this.root, 'run');
    writeFileSync(
      defaults,
      `NODE=${process.execPath}\nBUNDLE=${bundle}\nRUN=${run}\nSTOP_PATIENCE=30\nSTART_PATIENCE=30\n`,
    );
    this.#environment = {
      ...process.env,
      MUSTERD_DEFAULTS: defaults,
      SYSTEMD_RUNS: join(this.root, 'nothing'),
      INIT_D: join(this.root, 'init.d'),
      RC_D: this.root,
      RUN_D: this.root,
    };
  }

  init(...words: string[]): Ran {
    return this.sh(`exec ${this.script} ${words.join(' ')}`);
  }

  sh(text: string): Ran {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', text], { encoding: 'utf8', env: this.#environment });
    return { code: status, out: `${stdout}${stderr}` };
  }

  pid(): number {
    return Number(readFileSync(join(this.root, 'run', `${this.daemon}.pid`), 'utf8'));
  }

  log(): string[] {
    const file = join(this.root, 'log');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  remove(): void {
    this.init('stop');
    rmSync(this.root, { recursive: true });
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !holds(); ) {
    if (Date.now() > end) throw new Error(`it never came so far: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('a machine without systemd', function () {
  this.timeout(120_000);
  let machine: Machine;
  beforeEach(() => {
    machine = new Machine();
  });
  afterEach(() => machine.remove());

  const arbitrating = (): void => {
    machine.remove();
    machine = new Machine('musterd-arbiter');
  };

  for (const daemon of ['musterd', 'musterd-arbiter'] as const) {
    it(`gets an init script for ${daemon} that a shell can read, with the header of the LSB`, () => {
      if (daemon === 'musterd-arbiter') arbitrating();
      isAScript();
    });
  }

  const isAScript = (): void => {
    assert.deepEqual(machine.sh(`sh -n ${machine.script}`), { code: 0, out: '' });
    const text = readFileSync(machine.script, 'utf8');
    for (const key of [
      'Provides',
      'Required-Start',
      'Required-Stop',
      'Default-Start',
      'Default-Stop',
      'Short-Description',
    ])
      assert.match(text, new RegExp(`^# ${key}: +\\S`, 'm'));
    assert.match(text, new RegExp(`^# Provides: +${machine.daemon}$`, 'm'));
    assert.doesNotMatch(text, /\{\{/);
  };

  it('starts an arbiter as one, which takes up changed files by itself, and stops it', async () => {
    arbitrating();
    assert.equal(machine.init('reload').code, 7);
    assert.equal(machine.init('start').code, 0);
    await until('it says how it was started', () => machine.log().length === 1);
    const pid = machine.pid();
    assert.equal(machine.init('reload').code, 0);
    assert.equal(machine.init('stop').code, 0);
    // A signal that it does not know would have been its end.
    assert.deepEqual(machine.log(), ['--arbiter --node node1', 'stop']);
    assert.equal(existsSync(`/proc/${pid}`), false);
    assert.equal(machine.init('status').code, 3);
  });

  it('starts musterd once, and stops it in order, with the exit codes of the LSB', async () => {
    assert.equal(machine.init('status').code, 3);
    assert.equal(machine.init('reload').code, 7);
    assert.equal(machine.init('start').code, 0);
    await until('it says how it was started', () => machine.log().length === 1);
    assert.deepEqual(machine.log(), ['run --node node1']);
    const pid = machine.pid();
    assert.equal(machine.init('start').code, 0);
    assert.equal(machine.pid(), pid, 'nobody starts it twice');
    assert.equal(machine.init('status').code, 0);
    assert.equal(machine.init('reload').code, 0);
    await until('it was told to reload', () => machine.log().includes('reload'));
    assert.equal(machine.init('stop').code, 0);
    assert.equal(machine.log().at(-1), 'stop');
    assert.equal(machine.init('status').code, 3);
    assert.equal(machine.init('stop').code, 0, 'it is stopped already');
    assert.equal(machine.init('nonsense').code, 2);
  });

  it('has it running again when it falls over, and not when it is told to stop', async () => {
    machine.init('start');
    const pid = machine.pid();
    await until('it listens', () => machine.log().length === 1);
    process.kill(pid, 'SIGUSR1');
    await until('another one runs', () => machine.log().length === 2 && machine.init('status').code === 0);
    assert.notEqual(machine.pid(), pid);
    assert.equal(machine.init('restart').code, 0);
    await until('a third one runs', () => machine.log().filter((line) => line.startsWith('run')).length === 3);
    assert.equal(machine.init('stop').code, 0);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(machine.init('status').code, 3, 'nobody starts it again');
  });

  it('does not take another process for it that has its number after a crash', () => {
    writeFileSync(join(machine.root, 'run', 'musterd.pid'), `${process.pid}\n`);
    assert.equal(machine.init('status').code, 1);
    assert.equal(machine.init('start').code, 0);
    assert.notEqual(machine.pid(), process.pid);
  });

  it('is asked about its scripts and told what to do with them as if they were units', async () => {
    const facts = () => {
      const { out } = machine.sh(unitFact.script(['musterd.service', 'none.service']));
      return unitFact.parse(Buffer.from(out), ['musterd.service', 'none.service']);
    };
    const before = facts();
    assert.deepEqual(
      [
        before.get('musterd.service')?.exists,
        before.get('musterd.service')?.active,
        before.get('none.service')?.exists,
      ],
      [true, 'inactive', false],
    );
    assert.equal(before.get('musterd.service')?.enabled, 'disabled');
    assert.equal(
      machine.sh(`${systemctlAnywhere}systemctl daemon-reload && systemctl start -- musterd.service`).code,
      0,
    );
    writeFileSync(join(machine.root, 'rc2.d', 'S01musterd'), '');
    const after = facts().get('musterd.service')!;
    assert.deepEqual([after.active, after.enabled, after.mainPid], ['active', 'enabled', machine.pid()]);
    assert.ok(Math.abs(after.startedAt - Date.now() / 1000) < 120, `${after.startedAt}`);
    assert.equal(machine.sh(`${systemctlAnywhere}systemctl restart musterd.service`).code, 0);
    assert.notEqual(machine.pid(), after.mainPid);
    assert.equal(machine.sh(`${systemctlAnywhere}systemctl stop -- musterd.service`).code, 0);
    assert.equal(machine.init('status').code, 3);
    assert.notEqual(machine.sh(`${systemctlAnywhere}systemctl start -- none`).code, 0);
  });
});
