/**
 * The guard of kernels without a packet filter, for one device of the network namespace that this runs in, and nothing of
 * musterd besides: what would renew it or notice anything is not there. Reads one order (JSON) a line and says `true` or
 * `false`.
 */
import { createInterface } from 'node:readline';
import { AddressLifetime } from '../../../src/supervisor/drivers/address-lifetime.ts';
import { Devices } from '../../../src/supervisor/drivers/devices.ts';
import { type RawSockets, startRawSockets } from '../../../src/supervisor/drivers/raw-sockets.ts';

/** Times are milliseconds; a deadline is so long from now. */
export type LifetimeOrder =
  | { readonly do: 'arm'; readonly token: number; readonly lifetime: number; readonly deadline: number }
  | { readonly do: 'grant'; readonly token: number; readonly deadline: number }
  /** The grant right after the arming; `closed`: and a close right behind it. */
  | { readonly do: 'open'; readonly token: number; readonly lifetime: number; readonly closed?: boolean }
  | { readonly do: 'close' }
  | { readonly do: 'refresh' }
  /** The kernel hears so much later of everything from now on, as of what lies in a pipe. */
  | { readonly do: 'lag'; readonly ms: number };

const groups = ['web'];
/** Milliseconds; no test is that long. */
const soon = 60_000;
const now = (): number => performance.now();
let lag = 0;

const sockets = await startRawSockets((why) => {
  throw new Error(`the helper for raw sockets ${why}`);
});
const lagging: RawSockets = {
  open: (...words) => {
    const socket = sockets.open(...words);
    return {
      send: (payload) => {
        if (lag === 0) socket.send(payload);
        else setTimeout(() => socket.send(payload), lag);
      },
      close: () => socket.close(),
    };
  },
  schedule: (...words) => sockets.schedule(...words),
  stop: () => sockets.stop(),
};
const devices = new Devices(sockets, now, () => {});
await devices.start();
const placed = process.argv.slice(2).map((address) => {
  return { group: 'web', address, device: 'eth0', prefix: address.includes(':') ? 64 : 24 };
});
const guard = new AddressLifetime(lagging, now, devices, placed, () => {});

async function obey(order: LifetimeOrder): Promise<boolean> {
  switch (order.do) {
    case 'arm':
      return guard.arm(order.token, groups, order.lifetime, now() + order.deadline);
    case 'grant':
      return guard.grant(order.token, groups, now() + order.deadline);
    case 'open': {
      if (!(await guard.arm(order.token, groups, order.lifetime, now() + soon))) return false;
      const granted = guard.grant(order.token, groups, now() + soon);
      if (order.closed) await guard.close(groups);
      return granted;
    }
    case 'close':
      return guard.close(groups);
    case 'refresh':
      await guard.refresh();
      return true;
    case 'lag':
      lag = order.ms;
      return true;
  }
}

await guard.start([{ name: 'eth0', mac: devices.get('eth0')!.mac! }]);
console.log('true');
for await (const line of createInterface({ input: process.stdin })) console.log(await obey(JSON.parse(line)));
process.exit(0);
