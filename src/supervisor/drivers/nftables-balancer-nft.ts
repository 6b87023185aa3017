import { spawn } from 'node:child_process';
import { table } from './nftables-balancer-ruleset.ts';

/**
 * The door to nftables. A process per change costs 5 ms, which is cheap where changes are as rare as deaths of servers;
 * and it is one transaction: all of a text or nothing of it.
 */
export interface Nft {
  /** Rejects with what nft said. */
  apply(text: string): Promise<void>;
  /** The table in nft's JSON; undefined where there is none. */
  list(): Promise<string | undefined>;
}

export function systemNft(): Nft {
  return {
    apply: async (text) => {
      await run(['-f', '-'], text);
    },
    list: () => run(['-j', 'list', 'table', ...table.split(' ')], '').catch(() => undefined),
  };
}

function run(args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('nft', args, { stdio: 'pipe' });
    let output = '';
    let complaint = '';
    child.stdout.on('data', (part) => {
      output += part;
    });
    child.stderr.on('data', (part) => {
      complaint += part;
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(complaint.split('\n')[0] || `exit ${code}`)),
    );
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
