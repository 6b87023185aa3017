import type { Check, RealServer, VirtualService } from '../../../src/model/virtual-service.ts';

export const connectCheck: Check = {
  type: 'connect',
  service: undefined,
  request: undefined,
  receive: undefined,
  port: undefined,
  virtualHost: undefined,
  command: undefined,
  interval: 20,
  timeout: 5000,
  rise: 1,
  fall: 1,
};

export function gateServer(address: string, port: number, weight = 1): RealServer {
  return { address, port, forwarding: 'gate', weight };
}

export function webService(realServers: readonly RealServer[], more: Partial<VirtualService> = {}): VirtualService {
  return {
    name: 'web',
    address: '10.77.0.100',
    port: 80,
    protocol: 'tcp',
    scheduler: 'mh',
    persistent: undefined,
    realServers,
    fallback: undefined,
    quiescent: false,
    check: connectCheck,
    ...more,
  };
}

/** Waits until `holds`, at most eight seconds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let attempt = 0; attempt < 1600; attempt++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`this never came true: ${what}`);
}
