import type { Monitor, MonitorCheck } from '../../model/monitors.ts';
import type { VirtualService } from '../../model/virtual-service.ts';
import { checkerFor, runCheck } from '../checks/check.ts';
import { runAgent } from '../resources/agent-process.ts';

/** What one look found; `failed`: the hosts that are not well, as far as the check tells them apart. */
export interface Found {
  readonly ok: boolean;
  readonly failed: readonly string[];
  /** One line. */
  readonly summary: string;
  readonly detail: string;
}

/** Hosts that are looked at in one moment: each ping is a process. */
const atOnce = 16;

/** Looks once at all hosts of a monitor. Never rejects. */
export async function lookAt(monitor: Monitor, directory: string, signal: AbortSignal): Promise<Found> {
  const { check, hosts, timeout } = monitor;
  if (check.kind === 'program') return await runProgram(monitor, check, directory, signal);
  const lookAtHost = async (host: string) => {
    const service = serviceOf(check, timeout, host);
    const server = { address: host, port: service.port, forwarding: 'masq' as const, weight: 1 };
    const abort = new AbortController();
    const end = (): void => abort.abort();
    signal.addEventListener('abort', end);
    const result = await runCheck(checkerFor(service)!, { service, server }, timeout, abort);
    signal.removeEventListener('abort', end);
    return { host, ...result };
  };
  const results: Awaited<ReturnType<typeof lookAtHost>>[] = [];
  for (let from = 0; from < hosts.length; from += atOnce)
    results.push(...(await Promise.all(hosts.slice(from, from + atOnce).map(lookAtHost))));
  const failed = results.filter(({ ok }) => !ok);
  const detail = results.map(({ host, text }) => `${host}: ${text}`).join('\n');
  const [first] = failed;
  if (first === undefined) return { ok: true, failed: [], summary: `${hosts.join(' ')}: ok`, detail };
  const why = failed.every(({ text }) => text === first.text) ? `: ${first.text}` : '';
  const names = failed.map(({ host }) => host);
  return { ok: false, failed: names, summary: `${names.join(' ')}${why}`, detail };
}

/** The check as the checks of real servers want it. */
function serviceOf(
  check: Exclude<MonitorCheck, { kind: 'program' }>,
  timeout: number,
  address: string,
): VirtualService {
  const http = check.kind === 'http' || check.kind === 'https' ? check : undefined;
  const port = 'port' in check ? check.port : 0;
  return {
    name: address,
    address,
    port,
    protocol: 'tcp',
    scheduler: 'mh',
    persistent: undefined,
    realServers: [],
    fallback: undefined,
    quiescent: false,
    check: {
      type: check.kind === 'ping' ? 'ping' : http === undefined ? 'connect' : 'negotiate',
      service: http?.kind,
      request: http?.request,
      receive: http?.receive,
      port: undefined,
      virtualHost: http?.virtualHost,
      command: undefined,
      interval: timeout,
      timeout,
      rise: 1,
      fall: 1,
    },
  };
}

/** Called as Mon calls its monitors: the hosts follow its arguments; the first line that it prints is the summary. */
async function runProgram(
  { group, service, hosts, timeout }: Monitor,
  { program, args }: Extract<MonitorCheck, { kind: 'program' }>,
  directory: string,
  signal: AbortSignal,
): Promise<Found> {
  const environment = {
    PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin',
    MON_GROUP: group,
    MON_SERVICE: service,
  };
  const end = await runAgent({ program, args: [...args, ...hosts], environment }, { timeout, signal, directory });
  const [first = '', ...rest] = end.output.trim().split('\n');
  const ended = end.timedOut
    ? 'no result in time'
    : end.code === undefined
      ? 'it could not be run'
      : `exit code ${end.code}`;
  const ok = end.code === 0 && !end.timedOut;
  const named = first.split(/\s+/).filter((word) => hosts.includes(word));
  const summary = first === '' ? (ok ? 'ok' : ended) : first;
  return { ok, failed: ok ? [] : named.length > 0 ? named : hosts, summary, detail: [...rest, ended].join('\n') };
}
