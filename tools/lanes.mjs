// Runs mocha processes side by side: one in front, whose report is shown as it comes, and one beside it at a low
// priority, whose report comes at the end. What failed is told once more behind all reports, where it is found also in a
// log of which only the end was kept. The last line is the sum of both: `N passed, N failed, N skipped`.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
// A tenth of what an equal would get where all want to compute: enough to keep time limits of half a minute.
const niceness = '10';
/** What the time limits of tests at a low priority are multiplied with. */
const patience = '5';
/** How long a process may take to end after its last test. */
const lingerMs = 60_000;
const interruptions = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * What mocha is given, in a session of its own: a Ctrl-C reaches this process alone, and no program of a test that runs.
 * `yields`: others come first at the processors. Resolves when it has ended, to its counts.
 */
function startLane({ title, files, env = {} }, { yields, output }) {
  const mocha = [process.execPath, '--import', 'tsx', `${root}node_modules/mocha/lib/cli/cli.js`];
  const color = process.stdout.isTTY ? ['--color'] : [];
  const words = [...(yields ? ['nice', '-n', niceness] : []), ...mocha];
  const [program, ...args] = [...words, '--reporter', `${root}tools/reporter.cjs`, ...color, ...files];
  const child = spawn(program, args, {
    ...{ cwd: root, env: { ...process.env, ...env, MUSTER_PATIENCE: yields ? patience : '1' }, detached: true },
    stdio: ['ignore', output, output, 'ipc'],
  });
  if (yields) yieldToOtherSessions(child.pid);
  let counts;
  let lingers;
  child.on('message', (message) => {
    counts = message;
    // Whatever keeps a process alive whose tests are over must not keep everybody waiting.
    lingers = setTimeout(() => kill(-child.pid, 'SIGKILL'), lingerMs);
  });
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(`${error.message}`));
    child.once('close', (code, signal) => resolve(signal ?? code));
  }).then((end) => {
    clearTimeout(lingers);
    const sum = counts ?? { passed: 0, failed: 0, skipped: 0 };
    // An end without counts, or an exit code without a failed test, is a failure that no test tells.
    const unseen = (counts === undefined || end !== 0) && sum.failed === 0;
    return unseen ? { ...sum, failed: 1, why: `No good end of ${title}: ${end}` } : sum;
  });
  return { title, child, ended };
}

/** Where the kernel schedules sessions first and their processes second, the session too has to come last. */
function yieldToOtherSessions(pid) {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, niceness);
  } catch {
    // A kernel without such groups: `nice` says it all.
  }
}

/**
 * Runs the lanes, prints the reports and the sum. Returns the exit code: 0, 1 where a test failed, 130 where a person interrupted.
 * Interrupted, each ends its test and cleans up after it; what runs beside gets `patienceMs` for that, as it may compute for
 * minutes, and is then killed with all its processes; its TMPDIR is removed. `beside` may be absent.
 */
export async function runLanes({ front, beside, patienceMs = 10_000 }) {
  const folder = mkdtempSync(join(tmpdir(), 'muster-lane-'));
  // Not for one's own eyes: other users' logins look for their keys in it, and run what is in it.
  chmodSync(folder, 0o755);
  const lanes = [startLane(front, { yields: false, output: 'inherit' })];
  let report = '';
  if (beside !== undefined) {
    console.log(`Beside ${front.title}, at a low priority: ${beside.title}; its report comes at the end.`);
    const env = { ...beside.env, TMPDIR: folder };
    const lane = startLane({ ...beside, env }, { yields: true, output: 'pipe' });
    for (const stream of [lane.child.stdout, lane.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        report += text;
      });
    }
    lanes.push(lane);
  }
  let interrupted = 0;
  const interrupt = () => {
    // One Ctrl-C may come twice: from the terminal, and handed on by npm.
    const isFirst = interrupted === 0 || Date.now() - interrupted < 1000;
    interrupted ||= Date.now();
    const [first, second] = lanes.map(({ child }) => child);
    const killSecond = () => second !== undefined && kill(-second.pid, 'SIGKILL');
    if (isFirst) {
      for (const { child } of lanes) if (child.connected) child.send('end');
      setTimeout(killSecond, patienceMs).unref();
    } else {
      kill(-first.pid, 'SIGTERM');
      killSecond();
    }
  };
  for (const signal of interruptions) process.on(signal, interrupt);
  try {
    let isFrontOver = false;
    lanes[1]?.ended.then(({ passed, failed }) => {
      if (!isFrontOver) console.log(`(Beside, ${lanes[1].title}: ${passed} passed, ${failed} failed.)`);
    });
    const sums = [await lanes[0].ended];
    isFrontOver = true;
    if (lanes.length > 1) {
      const { title, child, ended } = lanes[1];
      if (child.exitCode === null && child.signalCode === null) console.log(`Waiting for ${title} ...`);
      const sum = await ended;
      console.log(`Report of ${title}:\n${report}`);
      if (interrupted === 0) sums.push(sum);
    }
    const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map((kind) =>
      sums.reduce((total, sum) => total + sum[kind], 0),
    );
    for (const { title, text } of sums.flatMap(({ whatFailed = [] }) => whatFailed))
      console.log(`Failed: ${title}\n${text.replace(/^/gm, '  ')}\n`);
    for (const { why } of sums) if (why !== undefined) console.log(why);
    if (interrupted > 0) console.log('Interrupted: not all tests ran.');
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    return interrupted > 0 ? 130 : failed > 0 ? 1 : 0;
  } finally {
    for (const signal of interruptions) process.off(signal, interrupt);
    rmSync(folder, { recursive: true, force: true });
  }
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}
