// Makes a fresh clone ready: npm packages, Debian packages, the build, and `muster` on the PATH.
// Plain JavaScript on Node's own modules, as nothing is installed yet when it starts. A second run takes under a second.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { installDebianPackages, missingDebianPackages, whyNoLab } from './debian.mjs';
import { linkMuster } from './link.mjs';
import { runStep } from './step.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}node_modules/.muster-setup`;

function requireNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= 20) return;
  console.error(`Cannot set up Muster as it needs Node 20 or newer: this is Node ${process.versions.node}`);
  process.exit(1);
}

async function npmPackages() {
  const wanted = createHash('sha256')
    .update(readFileSync(`${root}package-lock.json`))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  await runStep('Installing npm packages', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root });
  writeFileSync(stamp, wanted);
}

async function debianPackages() {
  const why = whyNoLab();
  if (why !== undefined) {
    console.log(`${why.missing}\n  hint: ${why.hint}`);
    return;
  }
  const missing = missingDebianPackages();
  if (missing.length > 0) await installDebianPackages(missing);
}

/** True where a source file is newer than what was built from it. */
function buildIsStale() {
  const built = `${root}dist/.built`;
  if (!existsSync(built)) return true;
  const since = statSync(built).mtimeMs;
  const find = spawnSync(
    'find',
    [`${root}src`, `${root}tools`, `${root}package.json`, '-newermt', new Date(since).toISOString(), '-type', 'f'],
    { encoding: 'utf8' },
  );
  return find.status !== 0 || find.stdout.trim() !== '';
}

async function build() {
  if (!buildIsStale()) return;
  rmSync(`${root}dist`, { recursive: true, force: true });
  await runStep('Building muster and musterd', process.execPath, [`${root}tools/build.mjs`], { cwd: root });
}

requireNode();
try {
  await npmPackages();
  await debianPackages();
  await build();
  console.log(linkMuster(root));
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
