import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { must } from '../../src/lab/command.ts';
import { knownHostsFile } from '../../src/lab/keys.ts';
import { sampleVip } from '../../src/lab/names.ts';
import { type Ended, ended, ssh, sshOutput, useLab } from './support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const muster = `${root}dist/muster.js`;
const inventory = ['-i', `${root}inventory/lab.yml`];
const names = ['node1', 'node2', 'node3'];

/** The line of one host at the end of a run, with its counts; empty where there is none. */
function recap(output: string, node: string): string {
  return output.split('\n').find((line) => line.startsWith(`${node} : `)) ?? '';
}

/** One lab in the order of its life: bare nodes first, then what goes wrong on the way, then a whole cluster. */
describe('muster provision in the lab', function () {
  this.timeout(300_000);
  const lab = useLab({ nodes: 3 });
  let folder: string;

  function start(...args: string[]): ChildProcess {
    const env = { ...process.env, MUSTER_LAB: lab().paths.name, XDG_STATE_HOME: join(folder, 'state') };
    return spawn(process.execPath, [muster, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  }
  const provision = (...args: string[]): Promise<Ended> => ended(start('provision', ...args, ...inventory));
  function play(text: string, ...args: string[]): Promise<Ended> {
    const file = join(folder, 'play.yml');
    writeFileSync(file, text);
    return ended(start('play', file, ...inventory, ...args));
  }
  async function isThere(node: string, path: string): Promise<boolean> {
    return (await ssh(lab(), node, `test -e ${path}`)).rc === 0;
  }
  /** Everything of a run that must not outlive it. */
  async function assertNothingLeft(node: string): Promise<void> {
    const left = await sshOutput(
      lab(),
      node,
      `find / /tmp /run -xdev \\( -name '.muster-*' -o -name 'muster-apt-*' -o -name 'muster-undo-*' -o -path /usr/sbin/policy-rc.d \\)
       pgrep -lx 'apt-get|apt|dpkg'; dpkg --audit; true`,
    );
    assert.equal(left, '', `${node} after the run`);
  }

  /** Until apt is at work on node1: its services are held down meanwhile. */
  async function untilPackagesAreInstalled(child: ChildProcess): Promise<void> {
    for (let tries = 0; tries < 600 && child.exitCode === null; tries++) {
      if (await isThere('node1', '/usr/sbin/policy-rc.d')) break;
      await sleep(20);
    }
    assert.equal(child.exitCode, null, 'provision still runs');
  }

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-provision-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('names file, line and column of an undefined variable in a template, and touches no host', async () => {
    const copy = join(folder, 'copy');
    for (const part of ['playbooks', 'templates']) cpSync(join(root, part), join(copy, part), { recursive: true });
    symlinkSync(join(root, 'dist'), join(copy, 'dist'));
    const template = join(copy, 'templates', 'ha.cf.hbs');
    const text = readFileSync(template, 'utf8');
    writeFileSync(template, `${text}baud {{cluster.no_such_thing}}\n`);
    const { rc, output } = await provision(join(copy, 'playbooks', 'site.yml'));
    assert.equal(rc, 65, output);
    const line = text.split('\n').length;
    assert.match(output, new RegExp(`templates/ha\\.cf\\.hbs:${line}:\\d+ .*"no_such_thing" is not defined`));
    assert.doesNotMatch(output, /at .*\.(js|ts):\d+/, 'no stack trace');
    for (const node of names) assert.equal(await isThere(node, '/etc/ha.d'), false);
  });

  it('refuses a node on which heartbeat runs', async () => {
    await sshOutput(
      lab(),
      'node2',
      'cp /bin/sleep /root/heartbeat && systemd-run -q --unit=alien /root/heartbeat 1000',
    );
    const { rc, output } = await provision('--limit', 'node2');
    await sshOutput(lab(), 'node2', 'systemctl stop alien && rm /root/heartbeat');
    assert.equal(rc, 2, output);
    assert.match(output, /Cannot provision as only one program may hold the virtual addresses: "heartbeat" runs here/);
    assert.match(output, /hint: stop and disable it first/);
    assert.match(recap(output, 'node2'), /changed=0 .*failed=1/);
  });

  it('installs no package where there is no room for all', async () => {
    const installed = 'dpkg-query -W | sha256sum';
    const before = await sshOutput(lab(), 'node2', installed);
    const megabytes = '$(($(df -BM --output=avail / | tail -n 1 | tr -d M) - 100))';
    await sshOutput(lab(), 'node2', `fallocate -l ${megabytes}M /root/filler`);
    const { rc, output } = await provision('--limit', 'node2');
    const after = await sshOutput(lab(), 'node2', installed);
    await sshOutput(lab(), 'node2', 'rm /root/filler');
    assert.equal(rc, 2, output);
    assert.match(output, /Cannot install packages as \d+ MB of \/usr must be free: \d+ MB are/);
    assert.equal(after, before);
    await assertNothingLeft('node2');
  });

  it('after Ctrl-C says what was done, leaves nothing half done, and exits with 130', async () => {
    const child = start('provision', ...inventory);
    const end = ended(child);
    await untilPackagesAreInstalled(child);
    child.kill('SIGINT');
    const { rc, output } = await end;
    assert.equal(rc, 130, output);
    assert.match(output, /interrupted: steps that run come to their end, nothing more is begun/);
    for (const node of names) {
      assert.match(recap(output, node), /ok=\d+ changed=\d+ unreachable=0 failed=0/, output);
      await assertNothingLeft(node);
      assert.equal(await isThere(node, '/etc/ha.d'), false, output);
    }
  });

  it('leaves nothing on a node where it is killed while packages are installed', async () => {
    await sshOutput(lab(), 'node1', 'apt-get -q -y purge apache2 >/dev/null');
    const child = start('provision', '--limit', 'node1', ...inventory);
    const end = ended(child);
    await untilPackagesAreInstalled(child);
    child.kill('SIGKILL');
    await end;
    // apt ends what it has begun, and with it goes the rest.
    for (let tries = 0; tries < 300 && (await isThere('node1', '/usr/sbin/policy-rc.d')); tries++) await sleep(200);
    await assertNothingLeft('node1');
  });

  it('refuses an address that a stranger answers for, by its hardware address', async () => {
    const inClient = (...argv: string[]): Promise<string> => must(lab().inClient(argv));
    const device = /dev (\S+)/.exec(await inClient('ip', '-o', 'route', 'get', '10.77.0.11'))![1]!;
    const mac = /link\/ether (\S+)/.exec(await inClient('ip', '-o', 'link', 'show', 'dev', device))![1]!;
    await inClient('ip', 'address', 'add', `${sampleVip}/24`, 'dev', device);
    const { rc, output } = await provision();
    await inClient('ip', 'address', 'del', `${sampleVip}/24`, 'dev', device);
    assert.equal(rc, 2, output);
    assert.match(output, new RegExp(`Cannot take ${sampleVip} as nobody else in the network .*: ${mac} does`));
    for (const node of names) {
      assert.match(recap(output, node), /failed=1/);
      assert.equal(await isThere(node, '/etc/ha.d'), false);
    }
  });

  it('refuses a full disk before anything is half written, and finishes the others', async () => {
    const fill = 'cat /dev/zero >/root/filler 2>/dev/null; sync; df --output=avail / | tail -n 1';
    assert.equal((await sshOutput(lab(), 'node2', fill)).trim(), '0');
    const { rc, output } = await provision();
    const written = await play(`- hosts: node2
  tasks:
    - copy: { dest: /etc/motd, content: '${'much '.repeat(60_000)}' }`);
    const motd = await sshOutput(lab(), 'node2', 'stat -c %s /etc/motd');
    await sshOutput(lab(), 'node2', 'rm /root/filler');

    assert.equal(rc, 2, output);
    assert.match(
      output,
      /FAILED .*node2: Cannot write to the disk of "\/etc" as 16 MB of it must be free: 0\.0 MB are/,
    );
    for (const node of ['node1', 'node3']) {
      assert.match(recap(output, node), /unreachable=0 failed=0/, output);
      assert.equal(await sshOutput(lab(), node, 'systemctl is-active musterd'), 'active');
    }
    assert.match(recap(output, 'node2'), /changed=0 unreachable=0 failed=1/);
    assert.equal(await isThere('node2', '/etc/ha.d'), false);

    assert.equal(written.rc, 2, written.output);
    assert.match(written.output, /the disk of the node is full: .*No space left on device/s);
    assert.ok(Number(motd) < 10_000, 'the file is as it was');
    await assertNothingLeft('node2');
  });

  it('adds a node alone, while another holds the address, and keeps the secret of all to itself', async () => {
    const { rc, output } = await provision('--diff', '--limit', 'node2');
    assert.equal(rc, 0, output);
    const secrets = new Set<string>();
    for (const node of names) {
      const [mode, text] = (
        await sshOutput(lab(), node, 'stat -c %U:%a /etc/ha.d/authkeys; cat /etc/ha.d/authkeys | tr "\\n" " "')
      ).split('\n');
      assert.equal(mode, 'root:600');
      secrets.add(/1 sha256 (\S{32,})/.exec(text!)![1]!);
      const files = 'ha.cf haresources ldirectord.cf muster.yml';
      await sshOutput(lab(), node, `cd /etc/ha.d && for f in ${files}; do test -s $f || exit 1; done`);
      const settings = await sshOutput(
        lab(),
        node,
        'sysctl -n net.ipv4.conf.all.arp_ignore net.ipv4.conf.all.arp_announce; cat /etc/sysctl.d/60-lvs-arp.conf',
      );
      assert.match(settings, /^1\n2\n/);
      assert.match(settings, /^net\.ipv4\.conf\.all\.arp_ignore = 1$/m);
      assert.match(settings, /^net\.ipv4\.conf\.all\.arp_announce = 2$/m);
      assert.match(await sshOutput(lab(), node, 'musterd status'), /Online: \[ node\[1-3\] \]/);
      await assertNothingLeft(node);
    }
    assert.equal(secrets.size, 1, 'one key for all');
    const [secret] = secrets;
    assert.equal(output.includes(secret!), false);
    assert.match(output, /\+keepalive/, 'other files are shown');

    const events = await provision('--json', '--diff');
    assert.equal(events.rc, 0, events.output);
    assert.equal(events.output.includes(secret!), false);
    for (const line of events.output.trim().split('\n')) assert.ok(JSON.parse(line).event, line);
  });

  it('a second run changes nothing and says so', async () => {
    const { rc, output } = await provision();
    assert.equal(rc, 0, output);
    for (const node of names) assert.match(recap(output, node), /changed=0 unreachable=0 failed=0/, output);
    assert.doesNotMatch(output, /^ {2}changed/m);
  });

  it('leaves a host alone whose key is another one, says where the right one stands, and finishes the others', async () => {
    const file = knownHostsFile(lab().paths);
    const right = readFileSync(file, 'utf8');
    const lines = right.split('\n');
    const [first, second] = [0, 1].map((index) => lines[index]!.split(' '));
    lines[1] = [second![0], ...first!.slice(1)].join(' ');
    writeFileSync(file, lines.join('\n'));
    const { rc, output } = await provision();
    writeFileSync(file, right);
    assert.equal(rc, 4, output);
    assert.ok(output.includes(`its host key must be the one in ${file}:2`), output);
    assert.match(recap(output, 'node2'), /ok=0 changed=0 unreachable=1/);
    for (const node of ['node1', 'node3']) assert.match(recap(output, node), /unreachable=0 failed=0/, output);
  });

  it('finishes the others where a host is unreachable', async () => {
    await lab().faults.powerOff('node3');
    const { rc, output } = await provision();
    const interrupted = start('provision', '--json', ...inventory);
    const end = ended(interrupted);
    interrupted.stdout!.once('data', () => interrupted.kill('SIGINT'));
    const stopped = await end;
    await lab().faults.powerOn('node3');
    assert.equal(rc, 4, output);
    assert.match(output, /unreachable +node3: /);
    assert.equal(stopped.rc, 130, stopped.output);
    const { seconds } = JSON.parse(stopped.output.trim().split('\n').at(-1)!) as { seconds: number };
    assert.ok(seconds < 8, `Ctrl-C waited ${seconds} s for a node that is off, which is given 10 s`);
    assert.match(recap(output, 'node3'), /ok=0 changed=0 unreachable=1/);
    for (const node of ['node1', 'node2']) assert.match(recap(output, node), /unreachable=0 failed=0/, output);
  });

  it('a setting that cuts SSH is taken back by the node alone', async () => {
    const setting = 'net.ipv4.tcp_fwmark_accept';
    // With the setting, sockets take the mark of the packet that opened them, and marked answers find no route.
    await sshOutput(
      lab(),
      'node1',
      `nft 'table inet cut { chain input { type filter hook input priority 0; tcp dport 22 tcp flags syn meta mark set 7; }; }'
       ip rule add fwmark 7 unreachable`,
    );
    const { rc, output } = await play(`- hosts: node1,node2
  tasks:
    - name: a setting
      sysctl: { name: ${setting}, value: 1, sysctl_file: /etc/sysctl.d/99-cut.conf, undo_after: 15 }
    - name: what comes after it
      file: { path: /etc/after, state: directory }`);
    assert.equal(rc, 6, output);
    assert.match(
      output,
      /rolled back .*node1: no new connection could be made after it; the node took the change back/,
    );
    assert.equal(await sshOutput(lab(), 'node1', `sysctl -n ${setting}`), '0');
    assert.equal(await isThere('node1', '/etc/sysctl.d/99-cut.conf'), false);
    assert.equal(await isThere('node1', '/etc/after'), false, 'nothing is done after it');
    await assertNothingLeft('node1');
    // Where it does no harm, it stays, also after the time in which it would have been taken back.
    assert.equal(await sshOutput(lab(), 'node2', `sysctl -n ${setting}`), '1');
    assert.ok(await isThere('node2', '/etc/after'));
    await assertNothingLeft('node2');
  });
});
