import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, must } from '../../src/lab/command.ts';
import { nodePaths, sampleVip, sharedVolume, volumeFile } from '../../src/lab/names.ts';
import { LabCluster } from './cluster.ts';
import { Acknowledged, ledgerService, writeLedger } from './ledger.ts';
import { ssh, sshOutput, useLab } from './support.ts';

const rounds = Number(process.env.PLUG_ROUNDS ?? 5);
const pair = ['node1', 'node2'];
const folder = '/srv/data';

const ledgerUnit = `[Service]
ExecStart=/usr/bin/perl /usr/local/lib/ledger
`;
/** Small files, as all of a volume is copied and checked in each round; all else, and what makes a commit durable, is Debian's. */
const database = `[mysqld]
bind-address = 0.0.0.0
skip-name-resolve
innodb_log_file_size = 8M
innodb_buffer_pool_size = 32M
`;
const playbook = `- hosts: node1,node2
  become: true
  tasks:
    - name: the database
      package: { name: mariadb-server }
    - name: it is musterd that starts it
      service: { name: mariadb, state: stopped, enabled: false }
    - name: its configuration
      copy: { src: database, dest: /etc/mysql/mariadb.conf.d/99-lab.cnf }
    - name: the ledger
      copy: { src: ledger, dest: /usr/local/lib/ledger }
    - name: its unit
      copy: { src: unit, dest: /etc/systemd/system/ledger.service }
    - name: units
      command: systemctl daemon-reload
- hosts: node3
  become: true
  tasks:
    - name: a client of the database
      package: { name: mariadb-client }
`;

/** A disk that two machines share, a file system on it, and a database on that: what fencing is for. */
describe('filesystem and mariadb on a disk that nodes share', function () {
  this.timeout(600_000);
  // Each begins with what the one before it has left.
  this.bail(true);
  const lab = useLab({ nodes: 3, volume: 256, prepared: true });
  const cluster = new LabCluster(
    lab,
    ['node1', 'node2', 'node3'],
    `cluster:
  name: data
  nodes: node[1-3]
  links: [ucast eth0]
  groups:
    data:
      preferred: node1
      resources: ['Filesystem::${sharedVolume}::${folder}::ext4::noatime', 'ocf:heartbeat:mysql', ledger.service, ${sampleVip}/24/eth0]
  placement: { failback: off, groups: { data: { never: [node3] } } }
  resources:
    groups:
      data:
        needs: fencing
        agents:
          mysql: { start_timeout: 2m, parameters: { datadir: ${folder}/mysql, log: /var/lib/mysql/log, enable_creation: 1 } }
`,
  );
  let ledger: Acknowledged | undefined;
  let orders: Acknowledged | undefined;
  /** Of what nobody ever synced. */
  let lost = 0;
  after(() => {
    ledger?.end();
    orders?.end();
    cluster.remove();
  });

  /**
   * Every row is a transaction of its own; its number is printed once that is committed. The program is node3's, the network
   * is the client's: a node of the cluster has its address itself, on lo.
   */
  function writeOrders(): Acknowledged {
    const insert = `timeout 5 mariadb --connect-timeout=2 -h ${sampleVip} -u shop -pshop shop -e "insert into orders values ($n)"`;
    const loop = `n=0; while :; do n=$((n + 1)); if ${insert}; then echo $n || exit; else sleep 0.1; fi; done`;
    return new Acknowledged(lab().inClient(['chroot', nodePaths(lab().paths, 'node3').root, 'sh', '-c', loop]));
  }

  const numbersIn = async (node: string, file: string): Promise<Set<number>> =>
    new Set((await sshOutput(lab(), node, `cat ${folder}/${file}`)).split('\n').map(Number));
  const sql = (node: string, text: string): Promise<string> => sshOutput(lab(), node, `mariadb -N -e "${text}"`);

  /** What the disk is at this moment, and that a file system whose machine lost its power is on it; repaired, then checked. */
  async function checkCrashed(): Promise<void> {
    const copy = join(cluster.folder, 'crashed');
    await must(['cp', '--sparse=always', volumeFile(lab().paths), copy]);
    const before = await must(['dumpe2fs', '-h', copy]);
    assert.match(before, /needs_recovery/, 'it was not unmounted');
    const repaired = await capture(['e2fsck', '-p', copy]);
    // 1: what was deleted while it was still open is gone now (e2fsck(8)).
    assert.ok(repaired.rc === 0 || repaired.rc === 1, repaired.stdout);
    const checked = await capture(['e2fsck', '-f', '-n', copy]);
    assert.equal(checked.rc, 0, checked.stdout);
  }

  before(async () => {
    // The agent makes a database, but not its folder.
    const content = join(cluster.folder, 'content');
    mkdirSync(join(content, 'mysql'), { recursive: true });
    const options = ['-q', '-t', 'ext4', '-E', 'lazy_itable_init=0,lazy_journal_init=0', '-d', content];
    await must(['mke2fs', ...options, volumeFile(lab().paths)]);
    const files = { 'play.yml': playbook, database, ledger: ledgerService(folder), unit: ledgerUnit };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cluster.folder, name), text);
    await cluster.must('play', join(cluster.folder, 'play.yml'));
  });

  it('start where the group is, on an empty disk', async () => {
    await cluster.must('provision');
    // On node1, unless it was so late that the other began first.
    const first = await cluster.runner('data', pair);
    await sql(
      first,
      "create database shop; create table shop.orders (n int primary key); grant all on shop.* to shop@'%' identified by 'shop'",
    );
    ledger = writeLedger(lab(), sampleVip);
    orders = writeOrders();
  });

  for (let round = 1; round <= rounds; round++) {
    it(`lose nothing that was acknowledged when the plug is pulled, ${round} of ${rounds}`, async () => {
      const holder = await cluster.runner('data', pair);
      const other = pair.find((node) => node !== holder)!;
      const [lines, rows] = [ledger!.numbers.length, orders!.numbers.length];
      await cluster.until('acknowledgements', async () =>
        [ledger!.numbers.length - lines, orders!.numbers.length - rows].every((count) => count >= 20),
      );
      await lab().faults.powerOff(holder);
      await checkCrashed();
      // It may still be writing, as far as the others know.
      const waiting = await cluster.until(`${other} waits for the fencing of ${holder}`, async () => {
        const seen = await cluster.groupOn(other, 'data');
        return seen?.waitsFor?.includes(holder) ? seen : undefined;
      });
      assert.equal(waiting.gateOpen, false);
      assert.deepEqual(new Set(waiting.resources!.map(({ state }) => state)), new Set(['stopped']));
      await cluster.must('fence', holder, '--confirmed', '--yes');
      assert.equal(await cluster.runner('data', [other]), other);

      const acknowledged = { lines: [...ledger!.numbers], rows: [...orders!.numbers] };
      const kept = {
        lines: await numbersIn(other, 'sure'),
        rows: new Set((await sql(other, 'select n from shop.orders')).split('\n').map(Number)),
      };
      assert.deepEqual(
        acknowledged.lines.filter((number) => !kept.lines.has(number)),
        [],
      );
      assert.deepEqual(
        acknowledged.rows.filter((number) => !kept.rows.has(number)),
        [],
      );
      const careless = await numbersIn(other, 'careless');
      lost += acknowledged.lines.slice(lines).filter((number) => !careless.has(number)).length;
      await lab().faults.powerOn(holder);
      await cluster.until('the node back', async () => (await cluster.statusOf(holder))?.quorum.quorate === true);
    });
  }

  it('lost what nobody had synced, and leave a clean file system when they are stopped', async () => {
    // Else no plug was pulled.
    assert.ok(lost > 0, 'all that was never synced was on the disk all the same');
    const holder = await cluster.runner('data', pair);
    for (const node of [...pair.filter((name) => name !== holder), holder])
      await sshOutput(lab(), node, 'systemctl stop musterd');
    const left = await ssh(
      lab(),
      holder,
      `mountpoint -q ${folder} || pgrep -x mariadbd || systemctl -q is-active ledger`,
    );
    assert.notEqual(left.rc, 0, left.stdout);
    const file = volumeFile(lab().paths);
    const { rc, stdout } = await capture(['e2fsck', '-f', '-n', file]);
    assert.equal(rc, 0, stdout);
    assert.ok(!(await must(['dumpe2fs', '-h', file])).includes('needs_recovery'));
  });
});
