import { labTarget } from '../lab/dial.ts';
import { labPaths, resolveLabName } from '../lab/names.ts';
import type { Host } from '../model/inventory.ts';
import { loadSshConfig } from '../remote/ssh-config.ts';
import { type TargetOptions, targetOf } from '../remote/target.ts';
import type { Target } from '../remote/types.ts';

export interface ReachOptions extends TargetOptions {
  /** Name of the lab for hosts with `connection: lab`; undefined: as `muster lab` picks it. */
  readonly lab?: string | undefined;
}

/** How each host is reached, in their order: by ssh_config and OpenSSH's defaults, or through the lab's own streams. */
export async function targetsOf(hosts: readonly Host[], options: ReachOptions = {}): Promise<Target[]> {
  const config = hosts.some((host) => host.connection === 'ssh') ? await loadSshConfig() : [];
  return hosts.map((host) =>
    host.connection === 'lab'
      ? {
          ...labTarget(labPaths(resolveLabName(options.lab)), { name: host.name, address: host.ssh.address }),
          ...(options.connectTimeoutMs !== undefined && { connectTimeoutMs: options.connectTimeoutMs }),
        }
      : targetOf(host, config, options),
  );
}
