import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent } from '../../model/agent.ts';
import { ocfParameters } from '../../model/agent.ts';
import type { IpAddress } from '../../model/names.ts';

/** Where a machine has its agents; tests have others. */
export interface AgentPlaces {
  /** Scripts with heartbeat's form of arguments. */
  readonly heartbeat: string;
  readonly init: string;
  /** OCF_ROOT: agents are in `resource.d/PROVIDER/TYPE` below it. */
  readonly ocf: string;
  /** HA_RSCTMP, where agents keep what they know of resources that run; lost at the next boot. */
  readonly state: string;
  /** Folders with units. */
  readonly units: readonly string[];
  /** Exists where systemd runs the machine. */
  readonly systemd: string;
}

export const agentPlaces: AgentPlaces = {
  heartbeat: '/etc/ha.d/resource.d',
  init: '/etc/init.d',
  ocf: '/usr/lib/ocf',
  state: '/run/resource-agents',
  units: ['/etc/systemd/system', '/run/systemd/system', '/usr/local/lib/systemd/system', '/lib/systemd/system'],
  systemd: '/run/systemd/system',
};

/** Those of a musterd with this configuration; OCF_ROOT says where OCF agents are, as the resource agent API has it. */
export function placesOf(configDir: string, ocfRoot: string | undefined): AgentPlaces {
  return { ...agentPlaces, heartbeat: join(configDir, 'resource.d'), ocf: ocfRoot ?? agentPlaces.ocf };
}

/** The program that runs a resource on this machine. */
export type LocatedAgent =
  | {
      readonly kind: 'ocf';
      readonly path: string;
      readonly provider: string;
      readonly type: string;
      readonly parameters: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'heartbeat' | 'lsb'; readonly path: string; readonly args: readonly string[] }
  | { readonly kind: 'systemd'; readonly unit: string }
  /** musterd's own: see source-address.ts. */
  | { readonly kind: 'sourceAddress'; readonly address: IpAddress }
  | { readonly kind: 'missing'; readonly why: string };

/**
 * Finds the program of an agent. A bare name means, as it did to heartbeat, a script of resource.d, then one of init.d; but
 * where systemd has a unit of that name, the unit rather than the script, which would only call systemctl; then the OCF
 * agent of heartbeat's collection, which is what most scripts of resource.d call. Where it has named parameters beside its
 * arguments, which only that agent can take, it comes first.
 */
export function locateAgent(agent: Agent, places: AgentPlaces = agentPlaces, hasParameters = false): LocatedAgent {
  switch (agent.kind) {
    case 'ocf':
      return ocf(agent.provider, agent.type, agent.parameters, places);
    case 'systemd':
      return hasSystemd(places) ? agent : missing(`unit ${agent.unit} needs systemd, which does not run this machine`);
    case 'lsb': {
      const path = join(places.init, agent.script);
      return isProgram(path) ? { kind: 'lsb', path, args: agent.args } : missing(`there is no script ${path}`);
    }
    case 'named':
      return named(agent, places, hasParameters);
  }
}

function named(
  { name, args }: Extract<Agent, { kind: 'named' }>,
  places: AgentPlaces,
  hasParameters: boolean,
): LocatedAgent {
  const [address] = args;
  if (name === 'IPsrcaddr' && address !== undefined) return { kind: 'sourceAddress', address };
  const parameters = ocfParameters(name, args);
  const found = parameters === undefined ? undefined : ocf('heartbeat', name, parameters, places);
  if (hasParameters && found?.kind === 'ocf') return found;
  const script = join(places.heartbeat, name);
  if (isProgram(script)) return { kind: 'heartbeat', path: script, args };
  const unit = `${name}.service`;
  if (args.length === 0 && hasSystemd(places) && places.units.some((folder) => isThere(join(folder, unit))))
    return { kind: 'systemd', unit };
  const init = join(places.init, name);
  if (isProgram(init)) return { kind: 'lsb', path: init, args };
  if (found !== undefined && found.kind !== 'missing') return found;
  return missing(`"${name}" is no script of ${places.heartbeat} or ${places.init}, no unit, and no OCF agent`);
}

function ocf(
  provider: string,
  type: string,
  parameters: Readonly<Record<string, string>>,
  places: AgentPlaces,
): LocatedAgent {
  const path = join(places.ocf, 'resource.d', provider, type);
  return isProgram(path) ? { kind: 'ocf', path, provider, type, parameters } : missing(`there is no agent ${path}`);
}

const missing = (why: string): LocatedAgent => ({ kind: 'missing', why });

function hasSystemd({ systemd }: AgentPlaces): boolean {
  return isThere(systemd);
}

function isThere(path: string): boolean {
  try {
    return statSync(path) !== undefined;
  } catch {
    return false;
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
