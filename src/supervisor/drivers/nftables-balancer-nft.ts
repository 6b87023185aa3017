import { applyRuleset, runProgram } from './nft.ts';
import { table } from './nftables-balancer-ruleset.ts';

/**
 * The balancer's door to nftables. A process per change costs 5 ms, which is cheap where changes are as rare as deaths
 * of servers; and it is one transaction: all of a text or nothing of it.
 */
export interface Nft {
  /** Resolves to what nft complains about, if it does. */
  apply(text: string): Promise<string | undefined>;
  /** The table in nft's JSON; undefined where there is none. */
  list(): Promise<string | undefined>;
}

export const systemNft: Nft = {
  apply: applyRuleset,
  list: async () => {
    const { code, stdout } = await runProgram('nft', ['-j', 'list', 'table', ...table.split(' ')]);
    return code === 0 ? stdout : undefined;
  },
};
