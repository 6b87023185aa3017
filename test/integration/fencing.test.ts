import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FencingRecord } from '../../src/wire/fencing.ts';
import { journals, oneHolderOf, restored, statusOf, tellFailure } from './supervisor/holders.ts';
import {
  createCluster,
  type TestCluster,
  type TestNode,
  until as untilSoon,
  virtualIp,
} from './supervisor/namespaces.ts';

/** Each look starts processes: not so often that they keep the nodes from what is waited for. */
const until = (condition: () => boolean, seen: () => string): Promise<void> => untilSoon(condition, seen, 60_000, 100);

/**
 * An agent as fence-agents has them, whose power switch is SIGKILL: `on-NODE` in its folder has the process of a node that
 * is on. With `broken` it does nothing, with `dead` it does not even answer before somebody tries to fence.
 */
const agent = `#!/bin/sh
while IFS='=' read -r name value; do
  case $name in action) action=$value;; plug) plug=$value;; folder) folder=$value;; esac
done
case $action in
  metadata) echo '<action name="off"/><action name="status"/>' ;;
  off)
    touch "$folder/tried"
    if [ -e "$folder/broken" ]; then echo 'the switch is stuck' >&2; exit 1; fi
    kill -9 "$(cat "$folder/on-$plug")" 2>/dev/null
    rm -f "$folder/on-$plug" ;;
  status)
    if [ -e "$folder/dead" ] && [ ! -e "$folder/tried" ]; then exit 1; fi
    [ -e "$folder/on-$plug" ] || exit 2 ;;
esac
`;

describe('a group that needs fencing', function () {
  this.timeout(300_000);
  const name = `fence_of_test_${process.pid}`;
  let folder = '';
  let cluster: TestCluster | undefined;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-fencing-'));
    writeFileSync(join('/usr/local/sbin', name), agent, { mode: 0o755 });
  });
  after(() => {
    rmSync(join('/usr/local/sbin', name), { force: true });
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async function () {
    if (cluster !== undefined) tellFailure(this, cluster.nodes);
    await cluster?.remove();
    cluster = undefined;
    for (const file of ['broken', 'dead', 'tried']) rmSync(join(folder, file), { force: true });
  });

  async function up(count: number): Promise<TestCluster> {
    const names = Array.from({ length: count }, (_, index) => `node${index + 1}`);
    const links = names.map((_, index) => `ucast eth0 10.77.0.${11 + index}\n`).join('');
    const plugs = names.map((node) => `${node}: ${node}`).join(', ');
    const device = `{ agent: ${name}, options: { folder: ${folder} }, nodes: { ${plugs} }, timeout: 10s }`;
    const made = await createCluster({
      nodes: count,
      files: {
        'ha.cf': `node ${names.join(' ')}\nkeepalive 50ms\nwarntime 500ms\ndeadtime 1\ninitdead 1\nauto_failback off\n${links}`,
        haresources: `node1 IPaddr2::${virtualIp}/24/eth0\n`,
        'muster.yml': `lease: 1s
groups: { web: { address: ${virtualIp} } }
resources: { groups: { web: { needs: fencing } } }
fencing: { devices: { plug: ${device} }, self_test: 10s }
`,
      },
    });
    cluster = made;
    for (const node of made.nodes) start(node);
    await restored(made.nodes);
    return made;
  }

  function start(node: TestNode): void {
    node.start();
    writeFileSync(join(folder, `on-${node.name}`), `${node.pid}`);
  }

  const set = (file: string): void => writeFileSync(join(folder, file), '');
  const unset = (file: string): void => rmSync(join(folder, file), { force: true });
  const said = (nodes: readonly TestNode[], marks: readonly number[], what: string): string[] =>
    nodes.flatMap(({ journal }, index) =>
      journal.slice(marks[index]).flatMap((line) => (line.what === what ? [line.why ?? ''] : [])),
    );
  const history = (node: TestNode): FencingRecord[] => JSON.parse(node.musterd('fence', '--history', '--json'));

  it('is taken over from a node that hangs only when that is known to be off, and not while its switch is stuck', async () => {
    const { nodes } = await up(3);
    const holder = await oneHolderOf(nodes);
    const others = nodes.filter((node) => node !== holder);
    const marks = others.map(({ journal }) => journal.length);
    set('broken');
    holder.signal('SIGSTOP');
    await until(
      () => said(others, marks, 'fence-failed').length >= 2,
      () => journals(others),
    );
    assert.match(
      said(others, marks, 'fence-failed')[0]!,
      /plug \(fence_of_test_\d+\) ended with 1: the switch is stuck/,
    );
    assert.deepEqual(said(others, marks, 'takeover'), []);
    assert.ok(others.every((node) => statusOf(node)?.groups[0]?.gateOpen === false));
    assert.ok(holder.running, 'nobody has switched it off yet');
    unset('broken');
    const second = await oneHolderOf(others);
    assert.equal(await holder.ended(), 'SIGKILL');
    assert.ok(!existsSync(join(folder, `on-${holder.name}`)));
    // `status` may answer before the journal's line has come through the pipe.
    const own = (): string[] => said([second], [marks[others.indexOf(second)]!], 'takeover');
    await until(
      () => own().length > 0,
      () => journals(others),
    );
    const order = second.journal
      .slice(marks[others.indexOf(second)])
      .flatMap(({ what }) => (what === 'fenced' || what === 'takeover' ? [what] : []));
    assert.deepEqual(order.slice(0, 2), ['fenced', 'takeover']);
    const records = others.flatMap(history);
    assert.deepEqual([...new Set(records.map(({ node, kind }) => `${node} ${kind}`))], [`${holder.name} device`]);
    assert.equal(records.filter(({ ok }) => ok).length, 1);
    assert.ok(records.some(({ ok, text }) => !ok && text.includes('the switch is stuck')));
    start(holder);
    assert.equal(await restored(nodes), second);
  });

  it('waits for an operator where the device does not answer, which is said before it is needed', async () => {
    set('dead');
    set('broken');
    const { nodes } = await up(3);
    const alarmed = (): boolean => nodes.every((node) => statusOf(node)?.fencing?.devices[0]?.state === 'failed');
    await until(alarmed, () => journals(nodes));
    const warned =
      /fencing device plug \(fence_of_test_\d+\) failed its test: it does not answer for node\d: it ended with 1/;
    const isWarned = ({ journal }: TestNode): boolean =>
      journal.some(({ what, why }) => what === 'fencing-device' && warned.test(why ?? ''));
    await until(
      () => nodes.every(isWarned),
      () => journals(nodes),
    );
    assert.match(
      nodes[0]!.musterd('status'),
      /Fencing devices: 0 of 1 answers\n.*plug \(fence_of_test_\d+\) FAILED its test/,
    );
    const holder = await oneHolderOf(nodes);
    const others = nodes.filter((node) => node !== holder);
    const marks = others.map(({ journal }) => journal.length);
    assert.throws(() => others[0]!.musterd('fence', holder.name, '--confirmed'), /is heard/);
    assert.throws(() => others[0]!.musterd('fence', 'node9'), /has no node "node9"/);
    assert.throws(() => holder.musterd('fence', holder.name), /does not fence itself/);
    holder.signal('SIGKILL');
    await until(
      () => said(others, marks, 'fence-failed').length >= 1,
      () => journals(others),
    );
    assert.throws(() => others[0]!.musterd('fence', holder.name), /is not fenced: .*the switch is stuck/);
    assert.deepEqual(said(others, marks, 'takeover'), []);
    others[0]!.musterd('fence', holder.name, '--confirmed');
    await oneHolderOf(others);
    assert.deepEqual(
      history(others[0]!)
        .filter(({ kind }) => kind === 'operator')
        .map(({ node, by }) => [node, by]),
      [[holder.name, others[0]!.name]],
    );
    unset('dead');
    await until(
      () => others.every((node) => statusOf(node)?.fencing?.devices[0]?.state === 'ok'),
      () => journals(others),
    );
  });

  it('goes on with two nodes and no third vote, once the other one is off', async () => {
    const { nodes } = await up(2);
    const holder = await oneHolderOf(nodes);
    const other = nodes.find((node) => node !== holder)!;
    set('broken');
    holder.signal('SIGSTOP');
    await until(
      () => other.journal.some(({ what }) => what === 'fence-failed'),
      () => journals([other]),
    );
    assert.equal(other.status().groups[0]!.gateOpen, false);
    unset('broken');
    assert.equal(await oneHolderOf([other]), other);
    assert.equal(await holder.ended(), 'SIGKILL');
    assert.deepEqual([other.status().quorum.quorate, other.status().quorum.needed], [true, 1]);
    start(holder);
    assert.equal(await restored(nodes), other);
    // It votes, and is needed, once it has been silent for a lease.
    await until(
      () => other.status().quorum.needed === 2,
      () => journals(nodes),
    );
  });
});
