/**
 * The probe program: a process of its own, as it runs in the network namespace of the lab's client. Its one argument
 * is `ProbeSettings` as JSON; it writes the lines of observation.ts until its standard input ends, so that it never
 * outlives the drill that started it.
 */
import { type Observation, type ProbeLine, writeLine } from '../observation.ts';
import { monotonicMs } from './clock.ts';
import { probeDatagrams } from './datagrams.ts';
import { probeRequests } from './requests.ts';
import type { ProbeSettings } from './settings.ts';
import { startWitness } from './witness.ts';

async function main(settings: ProbeSettings): Promise<void> {
  let lines: string[] = [];
  // One write for many lines: the probe's own work must not delay its probes.
  const flush = (): void => {
    if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
    lines = [];
  };
  const say = (line: ProbeLine): void => {
    lines.push(writeLine(line));
  };
  const report = (seen: Observation): void => say(seen);
  const fail = (why: string): void => {
    say({ kind: 'failure', why });
    flush();
  };
  const flushing = setInterval(flush, 50);

  const stops: (() => void)[] = [];
  for (const datagrams of [settings.datagrams, settings.datagrams6]) {
    if (datagrams !== undefined) stops.push(await probeDatagrams(datagrams, report));
  }
  if (settings.requests !== undefined) stops.push(probeRequests(settings.requests, report));
  for (const witness of [settings.witness, settings.witness6]) {
    if (witness !== undefined) stops.push(await startWitness(witness, report, fail));
  }
  say({ kind: 'ready', atMs: monotonicMs() });

  process.stdin.resume();
  await new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.once('error', () => resolve());
  });
  for (const stop of stops) stop();
  clearInterval(flushing);
  flush();
}

// Whoever reads our lines is gone, or stops us: there is nothing left to say.
process.stdout.on('error', () => process.exit(0));
// Ctrl-C goes to the whole group of processes; the drill still wants our last lines and ends our standard input.
process.on('SIGINT', () => undefined);

main(JSON.parse(process.argv[2] ?? '{}') as ProbeSettings).then(
  // Open requests would keep the process alive until they time out.
  () => process.stdout.write('', () => process.exit(0)),
  (error: Error) => {
    process.stdout.write(`${writeLine({ kind: 'failure', why: error.message })}\n`, () => process.exit(1));
  },
);
