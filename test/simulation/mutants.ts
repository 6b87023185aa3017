/**
 * `npm run sim:mutants [-- --only NAME,NAME] [--seeds N] [--jobs J]`: plants each defect in turn and says after how many seeds
 * the simulation found it. Exit code 1 where one was not found within a minute of processor time.
 */
import { parseArgs } from 'node:util';
import { defects } from './defects.ts';
import type { Job } from './job.ts';
import { inParallel, processors } from './pool.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string', default: '100000' },
    jobs: { type: 'string', default: String(processors) },
  },
});

const only = values.only?.split(',');
const unknown = only?.filter((wanted) => !defects.some(({ name }) => name === wanted)) ?? [];
if (unknown.length > 0) {
  console.error(
    `no planted defect is called ${unknown.join(' or ')}; there are: ${defects.map(({ name }) => name).join(', ')}`,
  );
  process.exit(64);
}
const jobs: Job[] = defects
  .filter(({ name }) => only === undefined || only.includes(name))
  .map(({ name }) => ({ kind: 'defect', name, seeds: Number(values.seeds) }));
let missed = 0;
const count = jobs.length;
await inParallel(
  Number(values.jobs),
  () => jobs.shift(),
  (done) => {
    if (done.kind !== 'defect') return;
    if (done.found === undefined) missed++;
    const result = done.found === undefined ? 'NOT FOUND' : `seed ${done.found.seed}: ${done.found.violation}`;
    console.log(`${done.name.padEnd(40)} ${(done.cpu / 1000).toFixed(1).padStart(5)} s  ${result}`);
  },
);
console.log(missed === 0 ? `all ${count} planted defects were found` : `${missed} planted defects were not found`);
process.exitCode = missed === 0 ? 0 : 1;
