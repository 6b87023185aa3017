import { foldHosts } from '../base/host-range.ts';
import { canonicalIp } from '../base/ip.ts';
import { parseEndpoint } from '../linux-ha/ldirectord-cf.ts';
import { serviceOfPort } from '../linux-ha/well-known-ports.ts';
import type { YamlFile } from '../linux-ha/yaml-document.ts';
import type { Check, ForwardingMethod, RealServer, VirtualService } from '../model/virtual-service.ts';
import { type ClusterHosts, resolveSet } from './host-set.ts';
import { milliseconds } from './milliseconds.ts';
import type { NativeService } from './schema.ts';

/** The words of ldirectord for the words of the Linux Virtual Server project, which people use. */
const methods: Readonly<Record<'dr' | 'nat' | 'tun', ForwardingMethod>> = { dr: 'gate', nat: 'masq', tun: 'ipip' };

type Path = (string | number)[];

function describeCheck(yaml: YamlFile, path: Path, native: NativeService, port: number): Check {
  const check = native.check ?? {};
  const type = check.type ?? 'negotiate';
  for (const key of ['request', 'receive', 'virtual_host', 'command'] as const) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that ldirectord.cf cannot hold
    if (!/[\u0000-\u001f\u007f]/.test(check[key] ?? '')) continue;
    yaml.list.add(
      yaml.at([...path, key]),
      `Cannot check with this "${key}" as it must be one line without control characters: it is not`,
    );
  }
  if (check.receive !== undefined) {
    try {
      new RegExp(check.receive);
    } catch (error) {
      const seen = (error as Error).message.replace(/^Invalid regular expression: /, '');
      yaml.list.add(yaml.at([...path, 'receive']), `Cannot read "receive" as a regular expression: ${seen}`);
    }
  }
  if (type === 'external' && check.command === undefined) {
    yaml.list.add(yaml.at(path), 'Cannot check from outside as an external check must say its "command": it does not');
  }
  return {
    type,
    service: check.service ?? (type === 'negotiate' ? serviceOfPort(port) : undefined),
    request: check.request,
    receive: check.receive,
    port: check.port,
    virtualHost: check.virtual_host,
    command: check.command,
    interval: milliseconds(check.interval ?? '1s'),
    timeout: milliseconds(check.timeout ?? '1s'),
    rise: check.rise ?? 1,
    fall: check.fall ?? 2,
  };
}

interface Defaults {
  readonly port: number;
  readonly servicePort: number;
  readonly forwarding: ForwardingMethod;
}

interface Context {
  readonly yaml: YamlFile;
  readonly name: string;
  readonly hosts: ClusterHosts;
  readonly realServerHosts: Record<string, string>;
}

function serverOf(context: Context, host: string, path: Path, server: Omit<RealServer, 'address'>): RealServer[] {
  const { yaml, name, hosts } = context;
  const address = hosts.addresses[host]?.[0];
  if (address === undefined) {
    const message = `Cannot balance "${name}" as the address of "${host}" must be known: it has only a name`;
    yaml.list.add(yaml.at(path), message, 'give the host an address or cluster_addresses');
    return [];
  }
  context.realServerHosts[address] = host;
  return [{ address, ...server }];
}

function describeReal(context: Context, native: NativeService, path: Path, defaults: Defaults): RealServer[] {
  const cannot = `Cannot balance "${context.name}" as every real server must be in the inventory`;
  const items = typeof native.real === 'string' ? [native.real] : native.real;
  const servers = items.flatMap((item, index) => {
    const itemPath = typeof native.real === 'string' ? path : [...path, index];
    const simple = typeof item === 'string';
    const hostPath = simple ? itemPath : [...itemPath, 'host'];
    const forwarding = simple || item.forwarding === undefined ? defaults.forwarding : methods[item.forwarding];
    const port = (simple ? undefined : item.port) ?? defaults.port;
    const weight = (simple ? undefined : item.weight) ?? 1;
    const hosts = resolveSet(context.yaml, simple ? item : item.host, hostPath, context.hosts, cannot);
    if (forwarding !== 'masq' && port !== defaults.servicePort && hosts.length > 0) {
      const message = `Cannot balance "${context.name}" to port ${port} of "${foldHosts(hosts)}" as dr and tun keep the port`;
      const hint = 'leave the port out, or use "forwarding: nat"';
      context.yaml.list.add(context.yaml.at(hostPath), `${message}: the service has ${defaults.servicePort}`, hint);
    }
    return hosts.flatMap((host) => {
      return serverOf(context, host, hostPath, { port, forwarding, weight });
    });
  });
  const keys = servers.map(({ address, port }) => `${address} ${port}`);
  for (const [index, key] of keys.entries()) {
    if (keys.indexOf(key) === index) continue;
    const host = context.realServerHosts[servers[index]!.address];
    context.yaml.list.add(
      context.yaml.at(path),
      `Cannot balance "${context.name}" as each real server is there once: "${host}" is there twice`,
    );
  }
  return servers;
}

function describeFallback(context: Context, text: string, path: Path, defaults: Defaults): RealServer | undefined {
  const direct = parseEndpoint(text);
  const [, host, port] = /^([^:]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = direct?.address ?? (host === undefined ? undefined : context.hosts.addresses[host]?.[0]);
  if (address === undefined) {
    context.yaml.list.add(
      context.yaml.at(path),
      `Cannot fall back to "${text}" as it must be a host of the inventory or an address: it is neither`,
    );
    return undefined;
  }
  const { forwarding, servicePort } = defaults;
  const wanted = direct?.port ?? (port === undefined ? servicePort : Number(port));
  return { address, port: forwarding === 'masq' ? wanted : servicePort, forwarding, weight: 1 };
}

/**
 * A virtual service as the model has it, or undefined where its address is wrong; mistakes go to the file's list, and the
 * hosts of its real servers into `realServerHosts`.
 */
export function describeService(
  yaml: YamlFile,
  name: string,
  native: NativeService,
  hosts: ClusterHosts,
  realServerHosts: Record<string, string>,
): VirtualService | undefined {
  const path = ['cluster', 'services', name];
  const context: Context = { yaml, name, hosts, realServerHosts };
  const vip = parseEndpoint(native.vip);
  if (vip?.port === undefined) {
    const seen = canonicalIp(native.vip) === undefined ? `"${native.vip}"` : 'it has no port';
    yaml.list.add(
      yaml.at([...path, 'vip']),
      `Cannot serve "${name}" as its vip must be an address with a port (10.0.0.1:80): ${seen}`,
    );
    return undefined;
  }
  const forwarding = methods[native.forwarding ?? 'dr'];
  const defaults = { port: native.port ?? vip.port, servicePort: vip.port, forwarding };
  return {
    name,
    address: vip.address,
    port: vip.port,
    protocol: native.protocol ?? 'tcp',
    scheduler: native.scheduler ?? 'mh',
    persistent:
      native.persistent === undefined ? undefined : Math.max(1, Math.round(milliseconds(native.persistent) / 1000)),
    realServers: describeReal(context, native, [...path, 'real'], defaults),
    fallback:
      native.fallback === undefined
        ? undefined
        : describeFallback(context, native.fallback, [...path, 'fallback'], defaults),
    quiescent: native.quiescent ?? false,
    check: describeCheck(yaml, [...path, 'check'], native, vip.port),
  };
}
