// The quick gate: types, lint, unit, scenario, tidy, and some seeds of the simulation. Under 30 seconds.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => `${root}node_modules/.bin/${name}`;

const steps = [
  ['types', bin('tsc'), ['--noEmit']],
  ['types of the core alone', bin('tsc'), ['--noEmit', '-p', 'src/core']],
  ['lint', bin('biome'), ['check', '.']],
  [
    'unit, scenario, simulation, tidy',
    bin('mocha'),
    [
      '--reporter',
      'dot',
      'test/unit/**/*.test.ts',
      'test/scenario/**/*.test.ts',
      'test/simulation/**/*.test.ts',
      'test/tidy.test.ts',
    ],
  ],
];

for (const [title, command, args] of steps) {
  const started = Date.now();
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, SIM_SEEDS: process.env.SIM_SEEDS ?? '40' },
  });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (status !== 0) {
    console.error(`not ok: ${title} (${seconds} s)${error === undefined ? '' : `: ${error.message}`}`);
    process.exit(1);
  }
  console.log(`ok: ${title} (${seconds} s)`);
}
