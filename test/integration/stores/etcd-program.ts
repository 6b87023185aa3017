import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { unpackedPackage } from '../../debian/unpacked.ts';

/** Debian's etcd: the installed one, or unpacked beside the temporary files. */
export function etcdProgram(): string {
  const installed = '/usr/bin/etcd';
  return existsSync(installed) ? installed : join(unpackedPackage('etcd-server'), installed);
}
