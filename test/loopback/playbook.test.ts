import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../src/base/problem.ts';
import type { Host, Inventory, Variables } from '../../src/model/inventory.ts';
import { loadPlaybook } from '../../src/playbook/load.ts';
import { type RunPlaybookOptions, type RunResult, runPlaybook } from '../../src/playbook/run.ts';
import type { RunEvent } from '../../src/playbook/run-event.ts';
import { connect } from '../../src/remote/connection.ts';
import type { Connection } from '../../src/remote/types.ts';
import { startSshd, type TestSshd } from './sshd.ts';

describe('playbooks over real SSH connections', function () {
  this.timeout(60_000);
  let directory: string;
  let sshd: TestSshd;
  let exchanges: number;

  before(async () => {
    sshd = await startSshd();
  });
  after(async () => {
    await sshd.stop();
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'muster-play-'));
    exchanges = 0;
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  /** Hosts that are all this machine; each has a directory of its own in the variable `root`. */
  function inventoryOf(names: readonly string[]): Inventory {
    const ssh = {
      address: '127.0.0.1',
      user: undefined,
      port: sshd.port,
      identityFile: undefined,
      proxyCommand: undefined,
    };
    const hosts = names.map((name): Host => {
      mkdirSync(join(directory, name), { recursive: true });
      const variables: Variables = { root: join(directory, name) };
      return { name, connection: 'ssh', ssh, groups: ['all'], variables };
    });
    return { file: 'test', hosts, groups: { all: names }, cluster: undefined };
  }

  async function play(
    text: string,
    more: Partial<RunPlaybookOptions> & { readonly names?: readonly string[] } = {},
  ): Promise<RunResult & { readonly events: readonly RunEvent[] }> {
    const file = join(directory, 'play.yml');
    writeFileSync(file, text);
    const inventory = inventoryOf(more.names ?? ['node1', 'node2']);
    const events: RunEvent[] = [];
    const result = await runPlaybook({
      playbook: await loadPlaybook(file),
      inventory,
      select: () => inventory.hosts,
      limit: undefined,
      extra: () => ({}),
      connect: async (host) => counted(await connect(sshd.target({ name: host.name }))),
      onEvent: (event) => events.push(event),
      check: false,
      diff: false,
      tags: [],
      skipTags: [],
      forks: 8,
      signal: new AbortController().signal,
      ...more,
    });
    return { ...result, events };
  }

  function counted(connection: Connection): Connection {
    const worker: Connection['worker'] = async (options) => {
      const own = await connection.worker(options);
      return {
        run: (program, runOptions) => {
          exchanges++;
          return own.run(program, runOptions);
        },
        close: () => own.close(),
      };
    };
    return new Proxy(connection, { get: (target, key) => (key === 'worker' ? worker : bound(target, key)) });
  }

  function bound(target: object, key: string | symbol): unknown {
    const value = Reflect.get(target, key, target);
    return typeof value === 'function' ? value.bind(target) : value;
  }

  const statuses = (events: readonly RunEvent[], host: string): readonly string[] =>
    events.flatMap((event) =>
      event.event === 'task-finished' && event.host === host ? [`${event.task}: ${event.status}`] : [],
    );

  const sample = `
- hosts: all
  vars:
    place: '{{root}}/etc'
  tasks:
    - name: directory
      file: { path: '{{place}}', state: directory, mode: '0750' }
    - name: greeting
      copy: { content: "hello {{inventory_hostname}}\\n", dest: '{{place}}/greeting', mode: '0600' }
      notify: note
    - name: link
      file: { path: '{{place}}/link', src: greeting, state: link }
    - name: once
      command: { cmd: "touch {{root}}/made", creates: "{{root}}/made" }
    - name: asked
      stat: { path: '{{place}}/greeting' }
      register: seen
    - name: known
      assert: { that: [seen.stat.exists, 'seen.stat.mode == "0600"'] }
    - name: for later
      copy: { content: "size {{seen.stat.size}}\\n", dest: '{{root}}/size' }
      loop: [1]
  handlers:
    - name: note
      shell: echo noted >> {{root}}/notes
`;

  it('does what is written, and the second run is one round trip that changes nothing', async () => {
    const first = await play(sample);
    assert.equal(first.reason, 'ok');
    assert.equal(readFileSync(join(directory, 'node1/etc/greeting'), 'utf8'), 'hello node1\n');
    assert.equal(statSync(join(directory, 'node2/etc')).mode & 0o777, 0o750);
    assert.equal(statSync(join(directory, 'node2/etc/greeting')).mode & 0o777, 0o600);
    assert.equal(readFileSync(join(directory, 'node2/size'), 'utf8'), 'size 12\n');
    assert.equal(readFileSync(join(directory, 'node1/notes'), 'utf8'), 'noted\n');
    assert.deepEqual(first.counts.node1, { ok: 8, changed: 6, unreachable: 0, failed: 0, skipped: 0, ignored: 0 });

    exchanges = 0;
    const second = await play(sample, { names: ['node1'] });
    assert.equal(second.reason, 'ok');
    assert.deepEqual(second.counts.node1, { ok: 7, changed: 0, unreachable: 0, failed: 0, skipped: 0, ignored: 0 });
    assert.equal(readFileSync(join(directory, 'node1/notes'), 'utf8'), 'noted\n', 'no handler without a change');
    // The last task needs what "asked" found, so its own question is a second one.
    assert.ok(exchanges <= 2, `${exchanges} exchanges`);
  });

  it('a dry run changes nothing and says what it cannot know', async () => {
    const { counts, events } = await play(sample, { check: true, names: ['node1'] });
    assert.equal(existsSync(join(directory, 'node1/etc')), false);
    assert.equal(existsSync(join(directory, 'node1/made')), false);
    assert.ok((counts.node1?.changed ?? 0) >= 4);
    assert.equal(counts.node1?.failed, 0, statuses(events, 'node1').join(', '));
    assert.ok(
      statuses(events, 'node1').includes('asked: unknown'),
      'what a task registers is known only after the changes',
    );
  });

  it('refuses a mistake before any host is reached', async () => {
    let connected = 0;
    const text = sample.replace('size {{seen', 'size {{sen');
    await assert.rejects(
      play(text, {
        connect: () => {
          connected++;
          throw new Error('must not connect');
        },
      }),
      (error: Problem) => {
        assert.match(error.message, /play\.yml:21:32 .*"sen".*did you mean "seen"\?/);
        return error.reason === 'badInput';
      },
    );
    assert.equal(connected, 0);
  });

  it('goes on with the other hosts where one fails or cannot be reached', async () => {
    const text = `
- hosts: all
  tasks:
    - name: may fail
      shell: test {{inventory_hostname}} != node2
    - name: after
      copy: { content: x, dest: '{{root}}/after' }
`;
    const result = await play(text, {
      names: ['node1', 'node2', 'node3'],
      connect: async (host) => {
        if (host.name === 'node3') throw new Problem('hostUnreachable', 'Cannot reach host "node3"');
        return await connect(sshd.target({ name: host.name }));
      },
    });
    assert.equal(result.reason, 'hostUnreachable', '4 wins over 2');
    assert.equal(existsSync(join(directory, 'node1/after')), true);
    assert.equal(existsSync(join(directory, 'node2/after')), false);
    assert.equal(result.counts.node2?.failed, 1);
    assert.equal(result.counts.node3?.unreachable, 1);
  });

  it('sets a file that was there aside once, and keeps its name whatever is in it', async () => {
    const odd = `it's a "name"\n-x $(id)`;
    mkdirSync(join(directory, 'node1'));
    writeFileSync(join(directory, 'node1', odd), 'theirs\n');
    const text = (content: string): string => `
- hosts: all
  tasks:
    - copy: { content: ${JSON.stringify(content)}, dest: ${JSON.stringify(`{{root}}/${odd}`)} }
`;
    assert.equal((await play(text('ours\n'), { names: ['node1'] })).reason, 'ok');
    assert.equal((await play(text('ours again\n'), { names: ['node1'] })).reason, 'ok');
    assert.equal(readFileSync(join(directory, 'node1', odd), 'utf8'), 'ours again\n');
    assert.equal(readFileSync(join(directory, 'node1', `${odd}.before-muster`), 'utf8'), 'theirs\n');
  });

  it('after Ctrl-C ends the step that runs, begins no other, and leaves nothing behind', async () => {
    const controller = new AbortController();
    const text = `
- hosts: all
  tasks:
    - name: long
      shell: sleep 2; echo done > {{root}}/long
    - name: next
      shell: echo done > {{root}}/next
`;
    const result = await play(text, {
      names: ['node1'],
      signal: controller.signal,
      onEvent: (event) => {
        if (event.event === 'task-started' && event.task === 'long') setTimeout(() => controller.abort(), 300);
      },
    });
    assert.equal(result.reason, 'interrupted');
    assert.equal(existsSync(join(directory, 'node1/long')), true);
    assert.equal(existsSync(join(directory, 'node1/next')), false);
  });

  it('masks a secret by where it came from, and shows nothing of a no_log task', async () => {
    const text = `
- hosts: all
  tasks:
    - name: secret
      copy: { content: "very-secret-text\\n", dest: '{{root}}/secret', mode: '0600' }
      no_log: true
`;
    const { events } = await play(text, { names: ['node1'], diff: true });
    assert.equal(readFileSync(join(directory, 'node1/secret'), 'utf8'), 'very-secret-text\n');
    assert.equal(JSON.stringify(events).includes('very-secret'), false);
  });
});
