import * as z from 'zod';
import { arpProbeFact } from '../facts/arp-probe.ts';
import { fact } from '../facts/fact.ts';
import { isLate } from '../late.ts';
import { defineModule } from '../module.ts';

const schema = z.strictObject({
  address: z.string().describe('the virtual address, IPv4'),
  interface: z.string().nullable().optional().describe('where to ask; else where the route to it leads'),
  peers: z.string().describe('the name under which mac_addresses was registered on every node: they may answer'),
  node_addresses: z
    .record(z.string(), z.string())
    .default({})
    .describe('IPv4 address of every node: those that are not in this run are asked for on the network'),
});

export const vipProbe = defineModule({
  name: 'vip_probe',
  summary: 'fails where somebody who is no node answers for a virtual address in the network',
  schema,
  prepare: async (args, controller) => {
    const hosts = controller.scope.hostvars as Record<string, Record<string, unknown>>;
    const known = new Map(
      Object.entries(hosts).flatMap(([name, variables]) => {
        const registered = variables[args.peers] as { macs?: readonly string[] } | undefined;
        return registered === undefined || isLate(registered) ? [] : [[name, registered.macs ?? []] as const];
      }),
    );
    const device = args.interface === undefined || args.interface === null ? '' : `%${args.interface}`;
    const away = Object.entries(args.node_addresses).filter(([name]) => !known.has(name));
    return {
      ...args,
      macs: [...known.values()].flat(),
      key: `${args.address}${device}`,
      peerKeys: away.map(([, address]) => `${address}${device}`),
    };
  },
  facts: (ready) =>
    ready.address.includes(':') ? [] : [ready.key, ...ready.peerKeys].map((key) => fact(arpProbeFact, key)),
  decide: (ready, facts) => {
    // An IPv6 address is looked after by musterd alone, right before it takes it.
    if (ready.address.includes(':')) return { outcome: 'skipped', message: 'IPv6: musterd asks before it takes it' };
    const probe = facts.get(arpProbeFact, ready.key);
    if (!probe.asked) {
      return {
        outcome: 'failed',
        message: `Cannot ask who has ${ready.address} as a packet socket must work: ${probe.seen}`,
      };
    }
    const macs = [...ready.macs, ...ready.peerKeys.flatMap((key) => facts.get(arpProbeFact, key).answers)];
    const stranger = probe.answers.find((mac) => !macs.includes(mac));
    if (stranger === undefined) return { outcome: 'ok', result: { answers: probe.answers } };
    return {
      outcome: 'failed',
      message: `Cannot take ${ready.address} as nobody else in the network may answer for it: ${stranger} does, and is no node`,
      hint: 'choose another address for the group, or take it away from that machine',
    };
  },
});
