import { join } from 'node:path';
import type { Action, Outcome } from '../../core/resources/event.ts';
import type { AgentCommand, AgentEnd } from './agent-process.ts';
import type { AgentPlaces, LocatedAgent } from './locate.ts';
import { heartbeatOutcome, lsbOutcome, ocfOutcome, systemdOutcome } from './outcomes.ts';
import { sourceAddressProgram } from './source-address.ts';

/** One thing to be done with a resource. */
export interface AgentTask {
  /** Its name in the group: what agents that keep state files tell themselves apart by. */
  readonly instance: string;
  readonly agent: Exclude<LocatedAgent, { kind: 'missing' }>;
  readonly action: Action;
  /** Milliseconds. */
  readonly timeout: number;
  /** Between two monitors, in milliseconds. */
  readonly interval: number;
  readonly node: string;
  /** What ha.cf's `env` lines give to everything that is started. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The PATH that systemd gives to a service, so heartbeat's agents too: people's scripts call programs of /usr/local. */
const plain: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
};

/** The command of a task, and how to read its end. */
export function agentCommand(
  task: AgentTask,
  places: AgentPlaces,
): AgentCommand & { readonly read: (end: AgentEnd) => Outcome } {
  const { agent, action } = task;
  const environment = { ...task.environment, ...plain, HA_RSCTMP: places.state };
  const look = action === 'monitor' || action === 'probe';
  switch (agent.kind) {
    case 'ocf':
      return {
        program: agent.path,
        args: [look ? 'monitor' : action],
        environment: { ...environment, ...ocfEnvironment(task, agent, places) },
        read: (end) => ocfOutcome(action, end),
      };
    case 'lsb':
    case 'heartbeat': {
      const read = agent.kind === 'lsb' ? lsbOutcome : heartbeatOutcome;
      return {
        program: agent.path,
        args: [...agent.args, look ? 'status' : action],
        environment: { ...environment, ...heartbeatEnvironment(task, places) },
        read: (end) => read(action, end),
      };
    }
    case 'sourceAddress': {
      const { address } = agent;
      const file = join(places.state, `IPsrcaddr-${address}`);
      return {
        program: 'perl',
        args: ['-e', sourceAddressProgram, address, look ? 'monitor' : action, file],
        environment,
        read: (end) => ocfOutcome(action, end),
      };
    }
    case 'systemd': {
      const show = ['show', '--property=LoadState,ActiveState,SubState,Result', agent.unit];
      return {
        program: 'systemctl',
        args: look ? show : [action, agent.unit],
        environment,
        read: (end) => systemdOutcome(action, end),
      };
    }
  }
}

/** What the resource agent API has agents find in their environment; a probe is a monitor with the interval 0. */
function ocfEnvironment(
  { instance, action, timeout, interval, node }: AgentTask,
  { provider, type, parameters }: Extract<LocatedAgent, { kind: 'ocf' }>,
  places: AgentPlaces,
): Record<string, string> {
  const meta = {
    timeout: String(timeout),
    interval: action === 'monitor' ? String(Math.max(1, interval)) : '0',
    on_node: node,
    name: action === 'probe' ? 'monitor' : action,
  };
  return {
    ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`OCF_RESKEY_${name}`, value])),
    ...Object.fromEntries(Object.entries(meta).map(([name, value]) => [`OCF_RESKEY_CRM_meta_${name}`, value])),
    OCF_RESKEY_crm_feature_set: '3.0.14',
    OCF_ROOT: places.ocf,
    OCF_RA_VERSION_MAJOR: '1',
    OCF_RA_VERSION_MINOR: '1',
    OCF_RESOURCE_INSTANCE: instance,
    OCF_RESOURCE_TYPE: type,
    OCF_RESOURCE_PROVIDER: provider,
    OCF_CHECK_LEVEL: '0',
    HA_LOGFACILITY: 'daemon',
    HA_debug: '0',
  };
}

/** What heartbeat had its scripts find. */
function heartbeatEnvironment({ node }: AgentTask, { heartbeat }: AgentPlaces): Record<string, string> {
  const directory = heartbeat.replace(/\/resource\.d$/, '');
  return {
    HA_DIR: directory,
    HA_FUNCS: `${directory}/shellfuncs`,
    HA_RESOURCEDIR: heartbeat,
    HA_CURHOST: node,
    HA_LOGFACILITY: 'daemon',
    HA_debug: '0',
  };
}
