import { parseDuration } from '../base/duration.ts';
import type { ConnectionKind, SshSettings, Value, Variables } from '../model/inventory.ts';

/** The names that Ansible has, or had, for how a host is reached. */
const aliases = {
  address: ['ansible_host', 'ansible_ssh_host'],
  user: ['ansible_user', 'ansible_ssh_user'],
  port: ['ansible_port', 'ansible_ssh_port'],
  identityFile: ['ansible_ssh_private_key_file', 'ansible_private_key_file'],
  arguments: ['ansible_ssh_common_args', 'ansible_ssh_extra_args', 'ansible_ssh_args'],
} as const;

function pick(variables: Variables, names: readonly string[]): Value | undefined {
  const found = names.find((name) => variables[name] !== undefined && variables[name] !== null);
  return found === undefined ? undefined : variables[found];
}

/** The value of `-o NAME=VALUE` among ssh's arguments: `-o ProxyCommand="ssh -W %h:%p gate"`. */
function option(argumentsText: string, name: string): string | undefined {
  const value = `(?:"([^"]+)"|'([^']+)'|(\\S+))`;
  const match = new RegExp(`-o\\s*(?:"${name}[= ]([^"]+)"|'${name}[= ]([^']+)'|${name}[= ]${value})`, 'i').exec(
    argumentsText,
  );
  return match?.slice(1).find((part) => part !== undefined);
}

/** The jump hosts among ssh's arguments: `-J gate`, or ProxyJump. */
function proxyJump(argumentsText: string): string | undefined {
  return option(argumentsText, 'ProxyJump') ?? /(?:^|\s)-J\s*([^\s"']+)/.exec(argumentsText)?.[1];
}

/** ControlPersist among ssh's arguments, in milliseconds; without a unit it means seconds. */
function persist(argumentsText: string): number | 'off' | undefined {
  const text = option(argumentsText, 'ControlPersist')?.toLowerCase();
  if (text === undefined) return undefined;
  if (text === 'no') return 'off';
  return parseDuration(/^\d+$/.test(text) ? `${text}s` : text) || undefined;
}

/** How a host is reached, as Ansible's variables say it; an address that is not given is the host's name. */
export function ansibleConnection(
  name: string,
  variables: Variables,
): { ssh: SshSettings; connection: ConnectionKind } {
  const text = (names: readonly string[]): string | undefined => {
    const value = pick(variables, names);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
  const port = Number(text(aliases.port));
  // Both may be there: what is for all hosts stands in the one, what a host needs more in the other.
  const ssh = aliases.arguments.map((name) => text([name]) ?? '').join(' ');
  return {
    connection: variables.ansible_connection === 'lab' ? 'lab' : 'ssh',
    ssh: {
      address: text(aliases.address) ?? name,
      user: text(aliases.user),
      port: Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : undefined,
      identityFile: text(aliases.identityFile),
      proxyCommand: option(ssh, 'ProxyCommand'),
      proxyJump: proxyJump(ssh),
      persist: persist(ssh),
    },
  };
}

const maxHosts = 100_000;

/**
 * Ansible's ranges, which have colons and may count letters: `db[01:10].example`, `www[1:9:2]`, `rack[a:c]`. Undefined where
 * the brackets hold something else.
 */
export function expandAnsibleRange(text: string): string[] | undefined {
  const match = /^(.*?)\[([^\]]*)\](.*)$/.exec(text);
  if (match === null) return text.includes('[') || text.includes(']') ? undefined : [text];
  const [, before, inside, after] = match as unknown as [string, string, string, string];
  const parts = inside.split(':');
  const [first = '', last = '', step = '1'] = parts;
  if (parts.length < 2 || parts.length > 3 || !/^\d+$/.test(step) || Number(step) < 1) return undefined;
  const letters = /^[a-z]$/i.test(first) && /^[a-z]$/i.test(last);
  if (!letters && !(/^\d{1,9}$/.test(first) && /^\d{1,9}$/.test(last))) return undefined;
  const [low, high] = letters ? [first.charCodeAt(0), last.charCodeAt(0)] : [Number(first), Number(last)];
  const rest = expandAnsibleRange(after);
  if (high < low || rest === undefined || ((high - low) / Number(step) + 1) * rest.length > maxHosts) return undefined;
  const names: string[] = [];
  for (let value = low; value <= high; value += Number(step)) {
    const written = letters
      ? String.fromCharCode(value)
      : String(value).padStart(first.startsWith('0') ? first.length : 1, '0');
    for (const tail of rest) names.push(`${before}${written}${tail}`);
  }
  return names;
}
