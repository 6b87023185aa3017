/** Runs in the guest: fencing at a target whose answer never comes, and the process that asks cannot be killed. */
import { keysOf, tell } from './scsi-node.ts';

const timeout = 8000;

async function main(): Promise<void> {
  const one = keysOf('node1', '/dev/sda', 'a');
  const two = keysOf('node2', '/dev/sdb', 'a', timeout);
  tell('registered', [(await one.register()).ok, (await two.register()).ok]);
  const begun = performance.now();
  const results = [await two.fence('node1'), await two.fence('node1')];
  tell('results', results);
  // Each has its own time; what comes on top is this guest's slowness.
  tell('ends in time', performance.now() - begun < 2 * timeout + 10_000);
  tell('confirmed without an answer', /no answer/.test(results[0]!.text) && results.some(({ ok }) => ok));
  const ends = new AbortController();
  const last = two.fence('node1', ends.signal);
  ends.abort();
  const { ok } = await last;
  tell('musterd ends', results[0]!.ok || !ok);
}

main().then(
  () => process.exit(0),
  (error) => {
    tell('error', String((error as Error).stack));
    process.exit(1);
  },
);
