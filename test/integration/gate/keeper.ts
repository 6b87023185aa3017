/**
 * The real lease gate for one device of the network namespace that this runs in, and nothing of musterd besides: what would
 * render it again, renew it or notice anything is not there. Reads one order (JSON) a line and says `true` or `false`.
 */
import { createInterface } from 'node:readline';
import { Announcer } from '../../../src/supervisor/drivers/announce.ts';
import { LeaseGate } from '../../../src/supervisor/drivers/lease-gate.ts';
import { startRawSockets } from '../../../src/supervisor/drivers/raw-sockets.ts';

/** Times are milliseconds; a deadline is so long from now. */
export type GateOrder =
  | { readonly do: 'arm'; readonly token: number; readonly lifetime: number; readonly deadline: number }
  | { readonly do: 'grant'; readonly token: number; readonly deadline: number }
  | {
      readonly do: 'close';
      readonly pass?: { readonly mac: string; readonly lifetime: number; readonly token: number };
    }
  | { readonly do: 'peers'; readonly macs: readonly string[] }
  /** Frames that say where the addresses are, as one sends them who was asleep when its lease ended. */
  | { readonly do: 'announce' };

const [mac, index, ...addresses] = process.argv.slice(2);
const groups = ['web'];
const now = (): number => performance.now();

const sockets = await startRawSockets((why) => {
  throw new Error(`the helper for raw sockets ${why}`);
});
const announcer = new Announcer(sockets);
const device = { name: 'eth0', index: Number(index), mac, up: true };
const gate = new LeaseGate({
  ...{ sockets, now, groups: new Map([['web', addresses]]) },
  onRendered: async () => {},
  onLost: (why) => console.error(`gate lost: ${why}`),
  onTrouble: (why) => console.error(`trouble: ${why}`),
});

async function obey(order: GateOrder): Promise<boolean> {
  switch (order.do) {
    case 'arm':
      return gate.arm(order.token, groups, order.lifetime, now() + order.deadline);
    case 'grant':
      return gate.grant(order.token, groups, now() + order.deadline);
    case 'close':
      return gate.close(groups, order.pass);
    case 'peers':
      await gate.setPeers(new Set(order.macs));
      return true;
    case 'announce':
      announcer.announce(device, addresses);
      return true;
  }
}

await gate.start([{ name: 'eth0', mac: mac! }]);
console.log('true');
for await (const line of createInterface({ input: process.stdin })) console.log(await obey(JSON.parse(line)));
process.exit(0);
