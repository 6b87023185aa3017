/** Runs in the guest: two nodes that fence each other at one disk, through two I_T nexuses, with the real sg_persist. */
import { execFileSync } from 'node:child_process';
import { ScsiKeys } from '../../src/supervisor/fencing/scsi-keys.ts';

const tell = (what: string, value: unknown): void =>
  void process.stdout.write(`SAYS ${what}: ${JSON.stringify(value)}\n`);

/** `boot`: /run of this boot. */
function keysOf(self: string, device: string, boot: string): ScsiKeys {
  const nodes = { node1: {}, node2: {} };
  return new ScsiKeys(
    { name: 'disk', agent: 'scsi', options: { device }, nodes, action: 'off', timeout: 10_000 },
    { cluster: 'lab', nodes: ['node1', 'node2'], self, runDir: `/run/${self}-${boot}` },
  );
}

/** Past the page cache, as data of a file system would come to the disk in the end. */
function write(device: string): string {
  try {
    const words = ['if=/dev/zero', `of=${device}`, 'bs=4096', 'count=1', 'seek=8', 'oflag=direct', 'conv=notrunc'];
    execFileSync('dd', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    return 'written';
  } catch (error) {
    return String((error as { stderr: Buffer }).stderr).split('\n')[0]!;
  }
}

async function main(): Promise<void> {
  const one = keysOf('node1', '/dev/sda', 'a');
  const two = keysOf('node2', '/dev/sdb', 'a');
  tell('before', [write('/dev/sda'), write('/dev/sdb')]);
  tell('registered', [(await one.register()).ok, (await two.register()).ok]);
  tell('tests', [(await one.test()).ok, (await two.test()).ok]);
  tell('both write', [write('/dev/sda'), write('/dev/sdb')]);
  tell('fenced', await two.fence('node1'));
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
