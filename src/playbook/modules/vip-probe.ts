import { z } from 'zod';
import { arpProbeFact } from '../facts/arp-probe.ts';
import { fact } from '../facts/fact.ts';
import { isLate } from '../late.ts';
import { defineModule } from '../module.ts';

const schema = z.strictObject({
  address: z.string().describe('the virtual address, IPv4'),
  interface: z.string().nullable().optional().describe('where to ask; else where the route to it leads'),
  peers: z.string().describe('the name under which mac_addresses was registered on every node: they may answer'),
});

export const vipProbe = defineModule({
  name: 'vip_probe',
  summary: 'fails where somebody who is no node answers for a virtual address in the network',
  schema,
  prepare: async (args, controller) => {
    const hosts = Object.values(controller.scope.hostvars as Record<string, Record<string, unknown>>);
    const macs = hosts.flatMap((host) => {
      const registered = host[args.peers] as { macs?: readonly string[] } | undefined;
      return registered === undefined || isLate(registered) ? [] : (registered.macs ?? []);
    });
    const device = args.interface === undefined || args.interface === null ? '' : `%${args.interface}`;
    return { ...args, macs, key: `${args.address}${device}` };
  },
  facts: (ready) => (ready.address.includes(':') ? [] : [fact(arpProbeFact, ready.key)]),
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
    const stranger = probe.answers.find((mac) => !ready.macs.includes(mac));
    if (stranger === undefined) return { outcome: 'ok', result: { answers: probe.answers } };
    return {
      outcome: 'failed',
      message: `Cannot take ${ready.address} as nobody else in the network may answer for it: ${stranger} does, and is no node`,
      hint: 'choose another address for the group, or take it away from that machine',
    };
  },
});
