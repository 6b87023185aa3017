/** What kind of program runs a resource, as far as its name says it. Which one a bare name means, only a node's disk can say. */
import { own } from '../base/own.ts';
import { type KnownAgent, knownAgents } from './known-agents.ts';
import type { AgentResource } from './resource-group.ts';

export type Agent =
  /** `ocf:PROVIDER:TYPE::name=value...` */
  | {
      readonly kind: 'ocf';
      readonly provider: string;
      readonly type: string;
      readonly parameters: Readonly<Record<string, string>>;
    }
  /** `systemd:UNIT` or `UNIT.service` */
  | { readonly kind: 'systemd'; readonly unit: string }
  /** `lsb:SCRIPT` */
  | { readonly kind: 'lsb'; readonly script: string; readonly args: readonly string[] }
  /** A script of /etc/ha.d/resource.d or /etc/init.d, else the OCF agent or the unit of that name. */
  | { readonly kind: 'named'; readonly name: string; readonly args: readonly string[] };

const word = '[A-Za-z0-9_.+@-]+';
const ocfName = new RegExp(`^ocf:(${word}):(${word})$`);
const lsbName = new RegExp(`^lsb:(${word})$`);
const unitEndings = 'service|socket|target|mount|timer|path';
const unitName = new RegExp(`^(?:systemd:(${word}?)(?:\\.(${unitEndings}))?|(${word}?)\\.(${unitEndings}))$`);
const plainName = new RegExp(`^${word}$`);
const parameter = /^([A-Za-z_][\w-]*)=(.*)$/s;

/** A resource that cannot be: which agent's form it should have, as it is shown. */
export interface BadAgent {
  readonly wanted: string;
}

/** What a resource's name and arguments mean, or what they should look like. */
export function agentOf({ agent, args }: AgentResource): Agent | BadAgent {
  const ocf = ocfName.exec(agent);
  if (ocf !== null) {
    const read = args.map((text) => parameter.exec(text));
    if (read.includes(null)) return { wanted: `${agent}::NAME=VALUE... must follow` };
    const parameters = Object.fromEntries(read.map((match) => [match![1]!, match![2]!]));
    return { kind: 'ocf', provider: ocf[1]!, type: ocf[2]!, parameters };
  }
  const unit = unitName.exec(agent);
  if (unit !== null) {
    if (args.length > 0) return { wanted: 'a systemd unit takes no arguments' };
    return { kind: 'systemd', unit: `${unit[1] ?? unit[3]!}.${unit[2] ?? unit[4] ?? 'service'}` };
  }
  const lsb = lsbName.exec(agent);
  if (lsb !== null) return { kind: 'lsb', script: lsb[1]!, args };
  if (!plainName.test(agent)) return { wanted: 'it must be an address or AGENT::ARGUMENT' };
  const known = own(knownAgents, agent);
  if (known !== undefined && !fitsUsage(known, args)) return { wanted: `it must read ${agent}::${known.usage}` };
  return { kind: 'named', name: agent, args };
}

function fitsUsage({ parameters, least, forms, rest }: KnownAgent, args: readonly string[]): boolean {
  if (args.length < least || (args.length > parameters.length && rest !== true)) return false;
  return args.every((arg, index) => forms?.[index]?.test(arg) ?? true);
}

/**
 * The parameters that the OCF agent of the same name takes for the arguments of one of heartbeat's own; undefined where it
 * is none of those and has arguments, which nobody could name.
 */
export function ocfParameters(name: string, args: readonly string[]): Readonly<Record<string, string>> | undefined {
  const known = own(knownAgents, name);
  if (known === undefined) return args.length === 0 ? {} : undefined;
  const named = known.parameters.flatMap((parameter, index): [string, string][] => {
    const last = known.rest === true && index === known.parameters.length - 1;
    const value = last ? args.slice(index).join(' ') : args[index];
    return value === undefined || value === '' ? [] : [[parameter, value]];
  });
  return { ...known.implied, ...Object.fromEntries(named) };
}
