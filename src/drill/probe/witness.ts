/** Runs the witness (witness-program.ts) and turns its lines into observations. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { createInterface } from 'node:readline';
import { parseIp } from '../../base/ip.ts';
import type { MacAddress } from '../../model/names.ts';
import type { Announcement, WitnessAnswer } from '../observation.ts';
import { witnessProgram } from './witness-program.ts';
import { witness6Program } from './witness6-program.ts';

export interface WitnessSettings {
  /** IPv4 or IPv6. */
  readonly address: string;
  readonly intervalMs: number;
  readonly macs: readonly MacAddress[];
}

/** The number of the system call clock_gettime (asm/unistd.h); perl-base has no module for it. */
const clockGettime: Partial<Record<string, number>> = { x64: 228, arm64: 113 };

/** The interface, MAC and address from which this namespace reaches `address`. */
async function wayTo(address: string): Promise<{ device: string; mac: MacAddress; own: string }> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.connect(9, address, resolve);
  });
  const own = socket.address().address;
  socket.close();
  for (const [device, addresses] of Object.entries(networkInterfaces())) {
    const found = addresses?.find((entry) => entry.address === own);
    if (found !== undefined) return { device, mac: found.mac, own };
  }
  throw new Error(`no interface has the address ${own}`);
}

const kinds: Readonly<Record<string, WitnessAnswer['what']>> = { e: 'echo', r: 'arp', E: 'echo6', R: 'nd' };

/** 32 hexadecimal digits of an IPv6 address; other addresses as they are. */
function plain(address: string): string {
  const parsed = parseIp(address);
  return parsed?.version === 6 ? parsed.bits.toString(16).padStart(32, '0') : address;
}

/** Reads one line of the witness; undefined where it is none. */
export function readWitnessLine(line: string): WitnessAnswer | Announcement | undefined {
  const words = line.split(' ');
  if (words[0] === 'a') return { kind: 'announcement', seenMs: Number(words[1]) / 1e6, mac: words[2]! };
  const what = kinds[words[0] ?? ''];
  if (what === undefined) return undefined;
  return {
    kind: 'witness',
    what,
    round: Number(words[1]),
    sentMs: Number(words[2]) / 1e6,
    answeredMs: Number(words[3]) / 1e6,
    mac: words[4]!,
  };
}

/** Starts the witness; `failed` is called where it ends by itself. Resolves to the function that stops it. */
export async function startWitness(
  settings: WitnessSettings,
  report: (seen: WitnessAnswer | Announcement) => void,
  failed: (why: string) => void,
): Promise<() => void> {
  const number = clockGettime[process.arch];
  if (number === undefined) throw new Error(`the witness does not know the system calls of ${process.arch}`);
  const way = await wayTo(settings.address);
  const child = spawn(
    'perl',
    [
      ...['-e', settings.address.includes(':') ? witness6Program : witnessProgram],
      ...[way.device, way.mac, plain(way.own), plain(settings.address)],
      ...[String(settings.intervalMs), String(number), ...settings.macs],
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let stopped = false;
  let complaint = '';
  child.stdin.on('error', () => undefined);
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  child.on('error', (error) => failed(`the witness did not start: ${error.message}`));
  child.on('exit', (code) => {
    if (!stopped) failed(`the witness ended with ${code}: ${complaint.trim()}`);
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const seen = readWitnessLine(line);
    if (seen !== undefined && !stopped) report(seen);
  });
  return () => {
    stopped = true;
    child.stdin.end();
  };
}
