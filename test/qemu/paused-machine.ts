/**
 * node --import tsx test/qemu/paused-machine.ts [-n 10]
 *
 * For how long a virtual machine that was paused still accepts frames after it goes on: the real gate's ruleset in a
 * guest, armed for one lease, the machine stopped for five seconds within it, and pings all the while. On demand, as
 * root on Debian: needs qemu-system-x86, busybox-static and cpio, and downloads a kernel with apt-get.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { renderGate } from '../../src/supervisor/drivers/lease-gate-ruleset.ts';
import { bootGuest, type Guest, guestMac } from './guest.ts';

const { values } = parseArgs({ options: { n: { type: 'string', short: 'n', default: '10' } } });
const runs = Number(values.n);
const vip = '10.99.0.100';
const leaseMs = 1000;
const pauseMs = 5000;

interface Run {
  /** What was left of the lease when the machine was stopped, between these two: the kernel armed within the command. */
  readonly leftMs: readonly [atLeast: number, atMost: number];
  readonly acceptedForMs: number;
  readonly acceptedFrames: number;
}

/** Arms for one lease, stops the machine `afterMs` later, lets it go on, and counts answers after that. */
async function pause(guest: Guest, afterMs: number): Promise<Run> {
  const [program, ...args] = guest.beside(['ping', '-n', '-D', '-i', '0.005', vip]);
  const ping = spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  ping.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  try {
    const armedMs = Date.now();
    await guest.shell(`nft add element netdev muster armed '{ 0x80000001 timeout ${leaseMs}ms }'`);
    const doneMs = Date.now();
    await sleep(afterMs);
    const stoppedMs = Date.now();
    await guest.stop();
    await sleep(pauseMs);
    const contMs = Date.now();
    await guest.cont();
    await sleep(3 * leaseMs);
    const answers = [...said.matchAll(/^\[(\d+\.\d+)\] \d+ bytes from/gm)].map((match) => Number(match[1]) * 1000);
    if (!answers.some((at) => at >= armedMs && at <= stoppedMs)) throw new Error('the gate was never open');
    const after = answers.filter((at) => at > contMs);
    const acceptedForMs = after.length === 0 ? 0 : Math.max(...after) - contMs;
    const leftMs = [leaseMs - (stoppedMs - armedMs), leaseMs - (stoppedMs - doneMs)] as const;
    return { leftMs, acceptedForMs, acceptedFrames: after.length };
  } finally {
    ping.kill('SIGINT');
  }
}

const folder = mkdtempSync(join(tmpdir(), 'muster-qemu-'));
let guest: Guest | undefined;
try {
  guest = await bootGuest(folder, '10.99.0.1');
  await guest.shell(`ip address add 10.99.0.2/24 dev eth0; ip address add ${vip}/32 dev eth0`);
  await guest.shell(`cat > /gate <<'EOF'\n${renderGate([{ name: 'eth0', mac: guestMac }], [vip])}EOF\nnft -f /gate`);
  await guest.shell(`nft add element netdev muster granted4 '{ ${vip} : 0x80000001 }'`);
  const neighbour = ['ip', 'neighbour', 'replace', vip, 'lladdr', guestMac, 'dev', 'tap0', 'nud', 'permanent'];
  const [program, ...args] = guest.beside(neighbour);
  await new Promise((resolve) => spawn(program!, args, { stdio: 'inherit' }).once('exit', resolve));
  const all: Run[] = [];
  for (let index = 0; index < runs; index++) {
    const run = await pause(guest, (index * 0.8 * leaseMs) / runs);
    all.push(run);
    const { leftMs, acceptedForMs, acceptedFrames } = run;
    console.log(
      `lease ${leaseMs} ms, ${leftMs.join(' to ')} ms of it left at the stop; after cont it answered for ` +
        `${acceptedForMs.toFixed(0)} ms (${acceptedFrames} frames)`,
    );
  }
  const longest = Math.max(...all.map((run) => run.acceptedForMs));
  const beyond = Math.max(...all.map((run) => run.acceptedForMs - run.leftMs[1]));
  console.log(`longest: ${longest.toFixed(0)} ms; beyond what was left at most: ${beyond.toFixed(0)} ms`);
} finally {
  await guest?.end();
  rmSync(folder, { recursive: true, force: true });
}
