import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { loadInventory } from '../../../src/inventory/load.ts';
import { kernelSlack, lifetimeSeconds } from '../../../src/supervisor/drivers/address-lifetime.ts';
import { kernelProbe, readKernelProbe } from '../../../src/wire/kernel-probe.ts';
import { diagnose, protectionOf } from '../../../src/wire/kernel-verdict.ts';

const able = `kernel=6.1.0
node=v18.19.0
perl=ok
nft=1.0.6
root=ok
namespace=ok
ingress=ok
egress=ok
timeouts=ok
owner=ok
rawmatch=ok
lifetime=ok
realtime=ok
ipvs=no this kernel has none
watchdog=module
virtual=none
arp.all=0 0
arp.eth0=1 2
`;

const without = (...changes: [string, string][]): string =>
  changes.reduce((text, [key, value]) => text.replace(new RegExp(`^${key}=.*$`, 'm'), `${key}=${value}`), able);

describe('what a kernel can do for a cluster', () => {
  it('is nothing to complain about where all works', async () => {
    const cluster = (await loadInventory('inventory/lab.yml')).cluster!;
    const { protection, findings, addresses } = diagnose(readKernelProbe(able), cluster);
    assert.equal(protection.layer, 'gate');
    assert.deepEqual(findings, []);
    assert.deepEqual(addresses[0], { group: 'web', address: '10.77.0.100', layer: 'gate' });
  });

  it('falls back to the address lifetime where the lease is long enough, and to nothing where it is not', () => {
    const facts = readKernelProbe(without(['egress', 'no Error: Could not process rule: Operation not supported']));
    const long = protectionOf(facts, 3000);
    assert.equal(long.layer, 'address-lifetime');
    assert.match(long.why, /netdev egress chains do not work: Error: Could not process rule/);
    assert.equal(protectionOf(facts, 2999).layer, 'none');
    assert.equal(protectionOf(readKernelProbe(without(['ingress', 'no'], ['lifetime', 'no'])), 30_000).layer, 'none');
  });

  it('never calls protected what could not be tried', () => {
    assert.equal(protectionOf(readKernelProbe(''), 30_000).layer, 'none');
    assert.equal(protectionOf(readKernelProbe(able.replace(/^timeouts.*\n/m, '')), 300).layer, 'none');
  });

  it('says what is missing, with what mends it', async () => {
    const cluster = (await loadInventory('inventory/lab.yml')).cluster!;
    const text = without(
      ['nft', ''],
      ['egress', 'no'],
      ['node', 'none'],
      ['arp.eth0', '0 0'],
      ['realtime', 'no EPERM'],
      ['virtual', 'kvm'],
    );
    const { findings } = diagnose(readKernelProbe(text), cluster);
    const said = findings.map(({ level, what }) => `${level}: ${what}`).join('\n');
    assert.match(said, /problem: nothing protects the addresses here/);
    assert.match(said, /problem: balancing needs nftables or IPVS/);
    assert.match(said, /problem: nodejs is missing/);
    assert.match(said, /warning: no SCHED_FIFO for musterd \(EPERM\)/);
    assert.match(said, /warning: net\.ipv4\.conf\.eth0: arp_ignore is 0/);
    assert.match(said, /warning: a virtual machine \(kvm\)/);
  });

  it('has the gate but no backstop where no table can have an owner, and says so', async () => {
    const cluster = (await loadInventory('inventory/lab.yml')).cluster!;
    const { protection, findings } = diagnose(readKernelProbe(without(['owner', 'no Error: syntax error'])), cluster);
    assert.equal(protection.layer, 'gate');
    assert.deepEqual(
      findings.map(({ level, what }) => `${level}: ${what.split(':')[0]}`),
      ['warning: no table can belong to musterd alone (Error'],
    );
  });

  it('is asked for in shell text that a POSIX sh can read', () => {
    execFileSync('sh', ['-n', '-c', kernelProbe(['eth0', 'bond0.7', '$(reboot)'])]);
    assert.ok(!kernelProbe(['$(reboot)']).includes('reboot'));
  });

  it('gives an address whole seconds, of which the kernel is done before the lease is', () => {
    for (const left of [0, 1000, 2249, 2250, 3000, 4999, 30_000]) {
      const seconds = lifetimeSeconds(left);
      assert.ok(Number.isInteger(seconds));
      if (seconds >= 1) assert.ok(seconds * 1000 + kernelSlack <= left, `${seconds} s of ${left} ms`);
    }
    assert.equal(lifetimeSeconds(2249), 0);
    assert.equal(lifetimeSeconds(2250), 1);
  });
});
