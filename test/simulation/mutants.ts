/**
 * `npm run sim:mutants [-- --only NAME] [--seeds N]`: plants each defect in turn and says after how many seeds the simulation
 * found it. Exit code 1 where one was not found.
 */
import { parseArgs } from 'node:util';
import { defects } from './defects.ts';
import { withDefect } from './mutant.ts';
import { findViolation } from './simulate.ts';

const { values } = parseArgs({ options: { only: { type: 'string' }, seeds: { type: 'string' } } });
const seeds = Number(values.seeds ?? 1500);

let missed = 0;
for (const defect of defects.filter(({ name }) => values.only === undefined || name === values.only)) {
  const before = process.cpuUsage();
  const found = await withDefect(defect, (core) => findViolation(core, 1, seeds, 60_000));
  const spent = process.cpuUsage(before);
  const seconds = ((spent.user + spent.system) / 1_000_000).toFixed(1);
  if (found === undefined) missed++;
  const result = found === undefined ? 'NOT FOUND' : `seed ${found.seed}: ${found.violation}`;
  console.log(`${defect.name.padEnd(34)} ${seconds.padStart(5)} s  ${result}`);
}
console.log(missed === 0 ? 'all planted defects were found' : `${missed} planted defects were not found`);
process.exitCode = missed === 0 ? 0 : 1;
