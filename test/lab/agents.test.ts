import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleVip } from '../../src/lab/names.ts';
import { LabCluster } from './cluster.ts';
import { sshOutput, useLab } from './support.ts';

const names = ['node1', 'node2', 'node3'];

/** An init script that writes down its starts and stops. */
const witness = `#!/bin/sh
### BEGIN INIT INFO
# Provides: witness
### END INIT INFO
note() { echo "$1" >>/var/log/witness; }
case "$1" in
  start) [ -e /run/witness ] || { note start; touch /run/witness; } ;;
  stop) [ ! -e /run/witness ] || { note stop; rm /run/witness; } ;;
  status) [ -e /run/witness ] || exit 3 ;;
  *) exit 2 ;;
esac
`;
/** heartbeat's own scripts in /etc/ha.d/resource.d, which call the OCF agents, are on node2 only. dma delivers mail. */
const playbook = `- hosts: node1,node2,node3
  become: true
  tasks:
    - name: who delivers mail
      package: { name: dma }
- hosts: node2
  become: true
  tasks:
    - name: heartbeat itself does not run
      command: systemctl mask heartbeat.service
    - name: its scripts
      package: { name: heartbeat }
`;

/**
 * In the order of its life: once by Debian's OCF agents alone, once through heartbeat's scripts. IPsrcaddr is musterd's own on
 * both.
 */
// Packages for most of a minute: with the full counts (tools/test.mjs), or where somebody asks for it.
if (process.env.MUSTER_FULL !== '0')
  describe('resource agents of haresources in the lab: IPsrcaddr, MailTo', function () {
    this.timeout(600_000);
    // Each begins with what the one before it has left.
    this.bail(true);
    const lab = useLab({ nodes: names.length, prepared: true });
    const cluster = new LabCluster(
      lab,
      names,
      `cluster:
  name: agents
  nodes: node[1-3]
  links: [ucast eth0]
  timings: { initdead: 10s }
  groups:
    shop:
      preferred: node1
      resources:
        - ${sampleVip}/24/eth0
        - IPsrcaddr::${sampleVip}
        - witness
        - MailTo::root::shop
  placement: { failback: off, groups: { shop: { never: [node3] } } }
  resources: { defaults: { monitor: 1s } }
`,
    );
    after(() => cluster.remove());

    const on = (node: string, command: string): Promise<string> => sshOutput(lab(), node, command);
    const routesOf = (node: string): Promise<string> => on(node, 'ip -4 route show');
    const sourceOn = async (node: string): Promise<string | undefined> =>
      / src (\S+)/.exec(await on(node, 'ip -4 route get 192.0.2.1'))?.[1];
    const noted = async (node: string): Promise<string[]> => (await on(node, 'cat /var/log/witness')).split('\n');
    const hasMail = (node: string, subject: string): Promise<unknown> =>
      cluster.until(`mail on ${node}: ${subject}`, async () =>
        (await on(node, 'cat /var/mail/root 2>/dev/null || true')).includes(`Subject: ${subject}`),
      );
    const routesBefore = new Map<string, string>();

    /** All of it is there, and nothing failed on the way. */
    async function isWell(node: string): Promise<void> {
      assert.deepEqual((await noted(node)).at(-1), 'start');
      assert.equal(await sourceOn(node), sampleVip);
      await hasMail(node, 'shop Takeover in progress');
      const resources = (await cluster.groupOn(node, 'shop'))?.resources ?? [];
      assert.deepEqual(
        resources.map(({ name, state, failures }) => [name, state, failures]),
        ['IPsrcaddr', 'witness', 'MailTo'].map((name) => [name, 'running', 0]),
      );
      // The nodes hear each other from their own addresses, whatever else goes out under the group's.
      const seen = (await cluster.statusOf(node))?.nodes.map(({ state }) => state).sort();
      assert.deepEqual(seen, ['self', 'up', 'up']);
    }

    /** Nothing of it is left. */
    async function isClean(node: string): Promise<void> {
      assert.deepEqual((await noted(node)).slice(-2), ['start', 'stop']);
      assert.equal(await routesOf(node), routesBefore.get(node));
      await hasMail(node, 'shop Migrating resource away');
    }

    before(async () => {
      const play = join(cluster.folder, 'packages.yml');
      writeFileSync(play, playbook);
      await cluster.must('play', play, '-y');
      const write = `cat >/etc/init.d/witness <<'END'\n${witness}END\nchmod 755 /etc/init.d/witness`;
      for (const node of names) {
        await on(node, `${write}; ip route replace default via 10.77.0.1 dev eth0`);
        routesBefore.set(node, await routesOf(node));
      }
      await cluster.must('provision');
    });

    it('speak and tell in order', async () => {
      await cluster.until('the group on node1', () => cluster.runs('node1', 'shop'));
      assert.deepEqual(await noted('node1'), ['start']);
      await isWell('node1');
    });

    it('are no failure of a node where the group may never be', async () => {
      await on('node3', 'rm /etc/init.d/witness; systemctl daemon-reload; systemctl restart musterd');
      await cluster.until('node3 back', async () => (await cluster.statusOf('node3'))?.quorum.quorate === true);
      const journal = await cluster.until('a look at it', async () => {
        const text = await on('node3', 'musterd journal');
        return text.includes('witness does not run here, where the group may never be') ? text : undefined;
      });
      assert.doesNotMatch(journal, /cannot run here\)/);
    });

    it("leave nothing behind, and start through heartbeat's own scripts elsewhere", async () => {
      await on('node2', 'test -x /etc/ha.d/resource.d/MailTo');
      await cluster.must('move', 'shop', 'node2');
      await cluster.until('the group on node2', () => cluster.runs('node2', 'shop'));
      await isClean('node1');
      await isWell('node2');
      await cluster.must('clear', 'shop');
    });

    it('are put right by the next musterd where the group has gone elsewhere meanwhile', async () => {
      const kept = '/run/systemd/system/musterd.service.d';
      const kill = 'systemctl daemon-reload; systemctl kill --kill-whom=main -s KILL musterd';
      await on('node2', `mkdir ${kept}; printf '[Service]\\nRestart=no\\n' >${kept}/no.conf; ${kill}`);
      await cluster.until('the group on node1', () => cluster.runs('node1', 'shop'));
      await cluster.until(
        'node2 without the address',
        async () => !(await on('node2', 'ip a show eth0')).includes(sampleVip),
      );
      assert.match(
        await routesOf('node2'),
        /^default via .*\n10\.77\.0\.0\/24 dev eth0 /,
        'its routes are still there',
      );
      await on('node2', `rm -r ${kept}; systemctl daemon-reload; systemctl start musterd.service`);
      await cluster.until('node2 as it was', async () => (await routesOf('node2')) === routesBefore.get('node2'));
      await isClean('node2');
      await isWell('node1');
    });
  });
