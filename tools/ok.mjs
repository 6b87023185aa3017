// The quick gate: types, lint, unit, scenario, tidy, and some seeds of the simulation, all side by side.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { $ } from 'zx/core';
import { bundleTests, testsBelow } from './bundle-tests.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = $({
  cwd: root,
  // A quarter of the random draws: `npm test` makes all.
  env: { ...process.env, SIM_SEEDS: process.env.SIM_SEEDS ?? '20', MUSTER_DRAWS: process.env.MUSTER_DRAWS ?? '0.25' },
  preferLocal: true,
  nothrow: true,
  quiet: true,
});
const suites = ['test/simulation', 'test/scenario', 'test/unit'];

/** Shows dots as tests end, and what failed at the end. */
async function tests() {
  // The longest files first: one that begins last has a core wait for it.
  const { folder, files } = await bundleTests([...suites.flatMap(testsBelow), 'test/tidy.test.ts']);
  try {
    const { 'node-option': _loader, ...options } = JSON.parse(readFileSync(`${root}.mocharc.json`, 'utf8'));
    const parallel = { parallel: true, jobs: availableParallelism(), sort: false };
    const config = { ...options, ...parallel, 'node-option': ['enable-source-maps'], reporter: 'dot', spec: files };
    writeFileSync(`${folder}/mocharc.json`, JSON.stringify(config));
    return await run({ stdio: 'inherit' })`mocha --config ${folder}/mocharc.json`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const steps = {
  types: () => run`tsc --noEmit`,
  'types of the core alone': () => run`tsc --noEmit -p src/core`,
  lint: () => run`biome check .`,
  'unit, scenario, simulation, tidy': tests,
};

/** Does one step and tells how it went as soon as it is over; what it said only where it failed. Returns whether it passed. */
async function passes([title, step]) {
  const started = Date.now();
  const { exitCode, stdall } = await step();
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (exitCode === 0) console.log(`\nok: ${title} (${seconds} s)`);
  else console.error(`\n${stdall}not ok: ${title} (${seconds} s)`);
  return exitCode === 0;
}

// A Ctrl-C reaches the steps as well; this process stays to clean up.
process.on('SIGINT', () => {
  process.exitCode = 130;
});
const passed = await Promise.all(Object.entries(steps).map(passes));
process.exitCode ??= passed.every(Boolean) ? 0 : 1;
