import { labTarget } from '../lab/dial.ts';
import { labPaths, resolveLabName } from '../lab/names.ts';
import type { Host } from '../model/inventory.ts';
import { surveyHostKeys } from '../remote/host-key-survey.ts';
import { loadSshConfig, noSshConfig, type SshConfig } from '../remote/ssh-config.ts';
import { type TargetOptions, targetOf } from '../remote/target.ts';
import type { Target } from '../remote/types.ts';
import { accessTo, persistence, sshOptions } from './ssh-options.ts';

export interface ReachOptions extends TargetOptions {
  /** Name of the lab for hosts with `connection: lab`; undefined: as `muster lab` picks it. */
  readonly lab?: string | undefined;
}

/** The files are read once, however often hosts are looked up. */
let reading: Promise<SshConfig> | undefined;

/**
 * How each host is reached, in their order: by the command line, ssh_config and OpenSSH's defaults, or through the lab's
 * own streams. Asks for the passwords that the command line wants, and about unknown host keys where that is wanted.
 */
export async function targetsOf(hosts: readonly Host[], options: ReachOptions = {}): Promise<Target[]> {
  const said = sshOptions();
  const ssh = hosts.some((host) => host.connection === 'ssh');
  if (ssh) reading ??= loadSshConfig(said.sshConfig);
  const config = ssh ? await reading! : noSshConfig;
  const transport = said.transport === 'auto' ? undefined : said.transport;
  const keep = persistence();
  const targets: Target[] = [];
  for (const host of hosts) {
    if (host.connection === 'lab') {
      const lab = labTarget(labPaths(resolveLabName(options.lab)), { name: host.name, address: host.ssh.address });
      const { connectTimeoutMs = lab.connectTimeoutMs } = options;
      targets.push({ ...lab, connectTimeoutMs });
      continue;
    }
    const hostKeyChecking = options.hostKeyChecking ?? said.hostKeyChecking;
    const access = await accessTo(host);
    targets.push(targetOf(host, config, { ...options, hostKeyChecking, transport, access, ...keep }));
  }
  if (targets.some((target) => target.hostKeyChecking === 'ask')) await surveyHostKeys(targets);
  return targets;
}
