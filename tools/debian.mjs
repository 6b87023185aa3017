// The Debian packages that the lab and the tests use, and why they may not be had here.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { runStep } from './step.mjs';

/** Package -> what it is for. openssh-server is never started: the tests run sshd with a configuration of their own. */
export const debianPackages = {
  'systemd-container': 'systemd-nspawn, the machines of the lab',
  mmdebstrap: 'the base tree of the lab',
  nftables: 'partitions at the switch, and the lease gate in tests',
  iproute2: 'network namespaces',
  'openssh-client': 'muster lab ssh',
  'openssh-server': 'sshd for the tests of the SSH layer',
  'iputils-ping': 'ping checks',
  e2fsprogs: 'disks of a fixed size for the nodes',
  openssl: 'certificates of arbiters in tests',
};

/** Undefined where the lab can be used; else what is missing and what still runs, in two sentences. */
export function whyNoLab() {
  const still =
    'types, lint, unit tests and simulation still run: npm run ok; so do all commands on your own inventory';
  if (!existsSync('/etc/debian_version')) {
    return { missing: 'Cannot use the lab as it needs Debian (apt, mmdebstrap): this is another system', hint: still };
  }
  if (process.getuid?.() !== 0) {
    const missing = missingDebianPackages();
    const packages = missing.length > 0 ? `, and these packages are missing: ${missing.join(' ')}` : '';
    return {
      missing: `Cannot use the lab as it needs root: this is user id ${process.getuid?.()}${packages}`,
      hint: still,
    };
  }
  return undefined;
}

export function missingDebianPackages() {
  const names = Object.keys(debianPackages);
  const query = spawnSync('dpkg-query', ['-W', '-f', `\${Package} \${db:Status-Status}\\n`, ...names], {
    encoding: 'utf8',
  });
  const installed = new Set(
    (query.stdout ?? '')
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

const policy = '/usr/sbin/policy-rc.d';

/** Installs without starting any daemon that a package brings: nothing on this machine is to listen because of us. */
export async function installDebianPackages(names) {
  const ours = !existsSync(policy);
  if (ours)
    writeFileSync(policy, '#!/bin/sh\n# Written by the setup of muster for the time of one installation.\nexit 101\n', {
      mode: 0o755,
    });
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await runStep('Reading the package lists', 'apt-get', ['update', '-q'], { env });
    await runStep(
      `Installing Debian packages (${names.join(', ')})`,
      'apt-get',
      ['install', '-y', '-q', '--no-install-recommends', ...names],
      { env },
    );
  } finally {
    if (ours && readFileSync(policy, 'utf8').includes('Written by the setup of muster'))
      rmSync(policy, { force: true });
  }
}
