import * as z from 'zod';
import { fact } from '../facts/fact.ts';
import { macFact } from '../facts/interfaces.ts';
import { defineModule } from '../module.ts';

export const macAddresses = defineModule({
  name: 'mac_addresses',
  summary: "the MAC addresses of the host's own interfaces, registered as macs",
  schema: z.strictObject({}),
  facts: () => [fact(macFact, 'all')],
  decide: (_args, facts) => {
    const byInterface = facts.get(macFact, 'all');
    return { outcome: 'ok', result: { macs: Object.values(byInterface), by_interface: byInterface } };
  },
});
