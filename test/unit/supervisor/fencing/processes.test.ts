import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FenceDevice } from '../../../../src/model/fencing.ts';
import { FenceAgent } from '../../../../src/supervisor/fencing/fence-agent.ts';
import { machineTools } from '../../../../src/supervisor/fencing/parts.ts';
import type { FenceTools } from '../../../../src/supervisor/fencing/way.ts';

/** A fence agent of a machine whose power is a file: there while it is on. */
const program = `#!/bin/sh
d=$(dirname "$0")
while read -r line; do
  case $line in action=*) action=\${line#action=};; password=*) password=\${line#password=};; esac
done
tr '\\0' ' ' < /proc/$$/cmdline >> "$d/seen"; tr '\\0' ' ' < /proc/$$/environ >> "$d/seen"; echo "$action" >> "$d/actions"
[ "$password" = 's3cret=word' ] || [ "$action" = metadata ] || { echo "Login failed: $password" >&2; exit 1; }
case $action in
  metadata) echo '<action name="off"/><action name="on"/><action name="reboot"/><action name="status"/><action name="monitor"/>';;
  off) [ ! -e "$d/hangs" ] || { sleep 300 & echo $! > "$d/child"; wait; }; rm -f "$d/power";;
  on) : > "$d/power";;
  status) [ -e "$d/power" ] || exit 2;;
esac
`;

describe('a fence agent as a process', function () {
  this.timeout(60_000);
  let folder = '';
  let tools: FenceTools;
  const device = (more: Partial<FenceDevice> = {}): FenceAgent =>
    new FenceAgent(
      {
        name: 'fake',
        agent: 'fence_fake',
        options: { password: 's3cret=word' },
        nodes: { n1: {} },
        action: 'reboot',
        timeout: 20_000,
        ...more,
      },
      'n2',
      tools,
      (text) => text.replaceAll('wrong', '(secret)'),
    );
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-fence-'));
    writeFileSync(join(folder, 'fence_fake'), program);
    chmodSync(join(folder, 'fence_fake'), 0o755);
    writeFileSync(join(folder, 'power'), '');
    tools = { ...machineTools(join(folder, 'run'), () => performance.now()), find: (name) => join(folder, name) };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('switches off, is asked whether it is off, and switches on again', async () => {
    const fake = device();
    assert.deepEqual(await fake.fence('n1'), { ok: true, text: 'says that n1 is off' });
    assert.ok(!existsSync(join(folder, 'power')));
    assert.equal((await fake.revive!('n1')).ok, true);
    assert.ok(existsSync(join(folder, 'power')));
    const actions = readFileSync(join(folder, 'actions'), 'utf8').trim().split('\n');
    assert.deepEqual(
      actions.filter((action) => action !== 'metadata'),
      ['off', 'status', 'on'],
    );
  });

  it('shows no password in a list of processes, in an environment, in a file or in what is said', async () => {
    await device().fence('n1');
    assert.ok(!readFileSync(join(folder, 'seen'), 'utf8').includes('s3cret'));
    assert.deepEqual(readdirSync(join(folder, 'run/fencing')), []);
    assert.equal(statSync(join(folder, 'run/fencing')).mode & 0o777, 0o700);
    const refused = await device({ options: { password: 'wrong' }, timeout: 2000 }).fence('n1');
    assert.deepEqual(refused, { ok: false, text: 'ended with 1: Login failed: (secret)' });
  });

  it('that cannot be run has fenced nobody', async () => {
    tools = { ...machineTools(join(folder, 'power'), () => performance.now()), find: (name) => join(folder, name) };
    const { ok, text } = await device({ timeout: 2000 }).fence('n1');
    assert.equal(ok, false);
    assert.match(text, /^was killed, or could not be run: ENOTDIR/);
  });

  it('is killed with all that it has started when its time is over', async () => {
    writeFileSync(join(folder, 'hangs'), '');
    const { ok, text } = await device({ timeout: 2000 }).fence('n1');
    assert.deepEqual([ok, text], [false, 'timed out after 1.5 s']);
    const child = readFileSync(join(folder, 'child'), 'utf8').trim();
    // An orphan that has ended stays until somebody has taken note of it.
    const runs = (): boolean => {
      try {
        return !/\) [ZX] /.test(readFileSync(`/proc/${child}/stat`, 'utf8'));
      } catch {
        return false;
      }
    };
    for (let tries = 0; runs() && tries < 400; tries++) await sleep(50);
    assert.ok(!runs());
  });
});
