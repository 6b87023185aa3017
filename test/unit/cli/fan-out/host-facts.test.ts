import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { showBytes } from '../../../../src/base/bytes.ts';
import { factsProgram, readFacts } from '../../../../src/cli/fan-out/host-facts.ts';

describe('facts', () => {
  it('are read from what sh says here', () => {
    const { stdout, status } = spawnSync('/bin/sh', ['-c', factsProgram], { encoding: 'utf8' });
    assert.equal(status, 0);
    const facts = readFacts(stdout);
    assert.equal(facts.kernel, spawnSync('uname', ['-r']).stdout.toString().trim());
    for (const value of [facts.cpus, facts.memoryBytes, facts.uptimeSeconds]) assert.ok(value > 0);
    assert.equal(facts.load.length, 3);
  });

  it('are read from a host of long device names and several addresses', () => {
    const facts = readFacts(
      [
        '=hostname\nn1\n=kernel\n6.1.0\n=architecture\nx86_64\n=os\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n',
        '=cpus\n4\n=cpuModel\nmodel name\t: AMD: fast\n=memory\nMemTotal:  1000 kB\nMemAvailable: 500 kB\nSwapTotal: 0 kB\n',
        '=load\n0.10 0.20 0.30 1/2 3\n=uptime\n93784.12 1\n=disk\nFilesystem 1024-blocks Used Available Capacity Mounted on\n',
        '/dev/mapper/n1--vg-root 2000 500 1500 25% /\n=addresses\n1: lo    inet 127.0.0.1/8 scope host lo\n',
        '2: eth0    inet 10.0.0.5/24 brd 10.0.0.255 scope global eth0\n2: eth0    inet6 fd00::5/64 scope global\n',
        '2: eth0    inet6 fe80::1/64 scope link\n=init\nsystemd\n=shell\n/bin/bash\n',
      ].join(''),
    );
    assert.deepEqual(facts, {
      hostname: 'n1',
      os: 'debian',
      osVersion: '12',
      osName: 'Debian GNU/Linux 12 (bookworm)',
      kernel: '6.1.0',
      architecture: 'x86_64',
      cpus: 4,
      cpuModel: 'AMD: fast',
      memoryBytes: 1_024_000,
      memoryAvailableBytes: 512_000,
      swapBytes: 0,
      load: [0.1, 0.2, 0.3],
      uptimeSeconds: 93784.12,
      diskBytes: 2_048_000,
      diskAvailableBytes: 1_536_000,
      addresses: { eth0: ['10.0.0.5/24', 'fd00::5/64'] },
      init: 'systemd',
      shell: '/bin/bash',
    });
  });

  it('are empty where a host says nothing', () => {
    assert.deepEqual([readFacts('').cpus, readFacts('').addresses], [0, {}]);
  });

  it('show bytes as people read them', () => {
    const shown = [0, 999, 1000, 9_940, 9_960, 999_499, 999_500, 5_000_000].map(showBytes);
    assert.deepEqual(shown, ['0 B', '999 B', '1.0 kB', '9.9 kB', '10 kB', '999 kB', '1.0 MB', '5.0 MB']);
  });
});
