// All tests: the quick gate's checks, then every suite, the simulation beside the others. `--full` raises the counts of
// simulation and fuzz.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { whyNoLab } from './debian.mjs';
import { runLanes } from './lanes.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => `${root}node_modules/.bin/${name}`;
const full = process.argv.includes('--full');

/** The files of a `folder/**\/*.test.ts` pattern. */
function testFiles(pattern) {
  const folder = pattern.slice(0, pattern.indexOf('/**'));
  const names = readdirSync(`${root}${folder}`, { recursive: true });
  return names.filter((name) => name.endsWith('.test.ts'));
}

function mustPass(title, command, args) {
  console.log(`${title} ...`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  console.log(`0 passed, 1 failed, 0 skipped`);
  process.exit(1);
}

mustPass('Checking types', bin('tsc'), ['--noEmit']);
mustPass('Checking types of the core alone', bin('tsc'), ['--noEmit', '-p', 'src/core']);
mustPass('Checking style', bin('biome'), ['check', '.']);

// The simulation needs processors and no time: it computes while the others wait, and disturbs none of them.
const simulation = ['test/simulation/**/*.test.ts'];
const suites = ['test/tidy.test.ts', 'test/unit/**/*.test.ts', 'test/scenario/**/*.test.ts'];
const needRoot = ['test/integration/**/*.test.ts', 'test/lab/**/*.test.ts'];
if (full) needRoot.push('test/uml/**/*.test.ts');
const env = {
  SIM_SEEDS: process.env.SIM_SEEDS ?? (full ? '10000' : '1000'),
  FUZZ_SECONDS: process.env.FUZZ_SECONDS ?? (full ? '60' : '5'),
};
let leftOut = 0;

const why = whyNoLab();
if (why === undefined) {
  suites.push(...needRoot);
} else {
  leftOut = needRoot.flatMap((pattern) => testFiles(pattern)).length;
  console.log(`${why.missing}; ${leftOut} test files are left out\n  hint: ${why.hint}`);
}

process.exit(
  await runLanes({
    front: { title: 'the tests', files: suites, env: { ...env, MUSTER_LEFT_OUT: String(leftOut) } },
    beside: { title: 'the simulation', files: simulation, env },
  }),
);
