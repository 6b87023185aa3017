import type { VirtualService } from '../../model/virtual-service.ts';
import type { Checker, CheckResult, CheckTarget } from './checker.ts';
import { checkConnect } from './connect.ts';
import { checkExternal } from './external.ts';
import { checkHttp } from './http.ts';
import { checkPing } from './ping.ts';

/** Services whose `negotiate` is spoken here; of others only the connection is checked. */
const negotiated: Record<string, Checker> = {
  http: checkHttp,
  // Loaded where it is needed: TLS is a good part of a small daemon's memory.
  https: async (target, signal) => (await import('./https.ts')).checkHttps(target, signal),
};

/** The checker for a service, or undefined where nothing is to be checked (`on`, `off`). */
export function checkerFor(service: VirtualService): Checker | undefined {
  switch (service.check.type) {
    case 'on':
    case 'off':
      return undefined;
    case 'ping':
      return checkPing;
    case 'external':
      return checkExternal;
    case 'connect':
      return checkerForConnection(service);
    case 'negotiate':
      return negotiated[service.check.service ?? 'none'] ?? checkerForConnection(service);
  }
}

/** A UDP port has no connection to make; as ldirectord does, its host is pinged instead. */
function checkerForConnection(service: VirtualService): Checker {
  return service.protocol === 'udp' ? checkPing : checkConnect;
}

/** What the check of this service does not do although its configuration asks for it, or undefined. */
export function shortcoming(service: VirtualService): string | undefined {
  const { type, service: spoken } = service.check;
  if (type !== 'negotiate' || spoken === undefined || spoken === 'none' || spoken in negotiated) return undefined;
  const instead = service.protocol === 'udp' ? 'hosts are pinged' : 'connections are tried';
  return `"${spoken}" is not negotiated by this version; ${instead} instead (negotiated: ${Object.keys(negotiated).join(', ')})`;
}

/**
 * Runs one check with its timeout (ms); never rejects. When the timeout comes, answers that already wait in the sockets
 * are still taken: after a stall of this process the timer would else win against an answer that was in time. Who aborts
 * `abort` ends it before.
 */
export async function runCheck(
  checker: Checker,
  target: CheckTarget,
  timeout: number,
  abort = new AbortController(),
): Promise<CheckResult> {
  const timer = setTimeout(() => setImmediate(() => abort.abort()), timeout);
  try {
    return await checker(target, abort.signal);
  } catch (error) {
    return { ok: false, text: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
