/** Runs in the guest: two nodes that fence each other at one disk, through two I_T nexuses, with the real sg_persist. */
import { execFileSync, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { keysOf, tell } from './scsi-node.ts';

const block = ['bs=4096', 'count=1'];

/** Past the page cache, as data of a file system would come to the disk in the end. */
function write(device: string): string {
  try {
    const words = ['if=/dev/zero', `of=${device}`, ...block, 'seek=8', 'oflag=direct', 'conv=notrunc'];
    execFileSync('dd', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    return 'written';
  } catch (error) {
    return String((error as { stderr: Buffer }).stderr).split('\n')[0]!;
  }
}

/** Writes something else to one place again and again, until that is refused: resolves to what dd(1) said then. */
function writeOn(device: string): { first: Promise<void>; refused: Promise<string> } {
  const dd = `dd if=/dev/urandom of=${device} ${block.join(' ')} seek=16 oflag=direct conv=notrunc`;
  const child = spawn('sh', ['-c', `while said=$(${dd} 2>&1); do echo; done; echo "$said"`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const first = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.length > 5) resolve();
    });
  });
  return {
    first,
    refused: new Promise((resolve) => child.once('close', () => resolve(output.trim().split('\n')[0]!))),
  };
}

const place = (device: string): string =>
  execFileSync('dd', [`if=${device}`, ...block, 'skip=16', 'iflag=direct'], {
    encoding: 'base64',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

async function main(): Promise<void> {
  const one = keysOf('node1', '/dev/sda', 'a');
  const two = keysOf('node2', '/dev/sdb', 'a');
  tell('before', [write('/dev/sda'), write('/dev/sdb')]);
  tell('registered', [(await one.register()).ok, (await two.register()).ok]);
  tell('tests', [(await one.test()).ok, (await two.test()).ok]);
  tell('both write', [write('/dev/sda'), write('/dev/sdb')]);
  const writing = writeOn('/dev/sda');
  await writing.first;
  tell('node1 goes on writing', true);
  tell('fenced', await two.fence('node1'));
  const atOnce = place('/dev/sdb');
  tell('node1 was writing until', await writing.refused);
  await sleep(1000);
  tell('nothing that was under way arrives', place('/dev/sdb') === atOnce);
  tell('node1 writes', write('/dev/sda'));
  tell('node2 writes', write('/dev/sdb'));
  tell('again', await two.fence('node1'));
  tell('node1 shoots back', await one.fence('node2'));
  tell('node1 starts musterd again', (await keysOf('node1', '/dev/sda', 'a').register()).ok);
  tell('node1 still', write('/dev/sda'));
  tell('node1 has booted', (await keysOf('node1', '/dev/sda', 'b').register()).ok);
  tell('node1 writes again', write('/dev/sda'));
}

main().then(
  () => process.exit(0),
  (error) => {
    tell('error', String((error as Error).stack));
    process.exit(1);
  },
);
