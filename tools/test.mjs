// All tests: the quick gate's checks, then every suite, those that compute beside those that wait. `--full` raises the
// counts of simulation and fuzz, pulls more plugs, and adds what takes many minutes.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { testsBelow } from './bundle-tests.mjs';
import { whyNoLab } from './debian.mjs';
import { runLanes } from './lanes.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => `${root}node_modules/.bin/${name}`;
const full = process.argv.includes('--full');

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

// These need processors, or nothing that others could be disturbed by: they go beside those that wait for the kernel.
const computing = ['test/unit', 'test/scenario', 'test/simulation', 'test/fuzz'];
const light = ['test/tidy.test.ts', ...computing.flatMap(testsBelow)];
const loopback = testsBelow('test/loopback');
const machines = ['test/integration', 'test/lab', ...(full ? ['test/uml'] : [])].flatMap(testsBelow);
const env = {
  SIM_SEEDS: process.env.SIM_SEEDS ?? (full ? '10000' : '1500'),
  FUZZ_SECONDS: process.env.FUZZ_SECONDS ?? (full ? '6000' : '5'),
  // What takes many minutes runs with '1', and where nobody says: then somebody asked for that test.
  MUSTER_FULL: process.env.MUSTER_FULL ?? (full ? '1' : '0'),
  PLUG_ROUNDS: process.env.PLUG_ROUNDS ?? (full ? '20' : '5'),
};
const besides = 'units, the loopback and the simulation';
const why = whyNoLab();
if (why === undefined) {
  const front = { title: 'networks and machines', files: machines, env };
  process.exit(await runLanes({ front, beside: { title: besides, files: [...light, ...loopback], env } }));
}
const leftOut = loopback.length + machines.length;
console.log(`${why.missing}; ${leftOut} test files are left out\n  hint: ${why.hint}`);
const counted = { ...env, MUSTER_LEFT_OUT: String(leftOut) };
process.exit(await runLanes({ front: { title: 'units and the simulation', files: light, env: counted } }));
