/** Runs in the guest: two nodes at one disk, through two I_T nexuses (/dev/sda and /dev/sdb), with the real sg_persist. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoreRecord } from '../../src/core/store-record.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { DiskStore } from '../../src/supervisor/stores/disk.ts';
import { DeviceBlocks } from '../../src/supervisor/stores/disk-blocks.ts';
import { formatDisk } from '../../src/supervisor/stores/format.ts';
import { keyOf, ScsiReservation } from '../../src/supervisor/stores/scsi.ts';

const lease = 3000;
const cluster = 'lab';
const nodes = ['node1', 'node2'];

const tell = (what: string, value: unknown): void =>
  void process.stdout.write(`SAYS ${what}: ${JSON.stringify(value)}\n`);
const persist = (...args: string[]): string => execFileSync('sg_persist', args, { encoding: 'utf8' });
const tried = async (run: () => Promise<unknown>): Promise<string> => {
  try {
    await run();
    return 'done';
  } catch (error) {
    return (error as Error).message;
  }
};

function store(self: string, device: string, life: string): DiskStore {
  const options = { device, cluster, self, nodes, groups: ['web'], incarnation: life.repeat(32), lease };
  const reservation = new ScsiReservation({ device, cluster, lease });
  const blocks = new DeviceBlocks(device, `/run/${self}.lock`);
  return new DiskStore({ ...options, onTrouble: (why) => tell(`trouble of ${self}`, why) }, blocks, reservation);
}

const recordOf = (holder: string, life: string, nonce: string): StoreRecord => ({
  holder,
  to: undefined,
  incarnation: life.repeat(32),
  nonce: nonce.repeat(32),
  lease,
});

async function main(): Promise<void> {
  const model = { name: cluster, nodes, store: { kind: 'disk', device: '/dev/sda', reservation: 'scsi' } };
  tell('format', await formatDisk(model as unknown as Cluster, false));
  const one = store('node1', '/dev/sda', 'a');
  const two = store('node2', '/dev/sdb', 'b');
  const [first] = await one.write([{ group: 'web', expected: '', record: recordOf('node1', 'a', '1') }]);
  tell('node1 takes it', first!.ok);
  tell('its key', persist('--in', '--read-keys', '/dev/sdb').includes(keyOf(cluster, 1)));
  tell(
    'reservation',
    /type: Write Exclusive, registrants only/i.test(persist('--in', '--read-reservation', '/dev/sdb')),
  );
  const rawTwo = new DeviceBlocks('/dev/sdb', '/run/raw2.lock');
  tell('node2 writes unregistered', await tried(() => rawTwo.write(900_000 - (900_000 % 4096), Buffer.alloc(4096, 1))));
  const [seen] = await two.read(['web']);
  tell('node2 reads', seen!.record?.holder);
  const [second] = await two.write([{ group: 'web', expected: seen!.version, record: recordOf('node2', 'b', '2') }]);
  tell('node2 takes it over', second!.ok);
  const keys = persist('--in', '--read-keys', '/dev/sdb');
  tell('keys', [keys.includes(keyOf(cluster, 1)), keys.includes(keyOf(cluster, 2))]);
  tell('holder of the reservation', persist('--in', '--read-reservation', '/dev/sdb').includes(keyOf(cluster, 2)));
  const renewal = { group: 'web', expected: first!.version, record: recordOf('node1', 'a', '3') };
  const rawOne = new DeviceBlocks('/dev/sda', '/run/raw1.lock');
  tell('node1 writes data', await tried(() => rawOne.write(900_000 - (900_000 % 4096), Buffer.alloc(4096, 2))));
  tell('node1 reads', (await one.read(['web']))[0]!.record?.holder);
  tell('node1 writes its sector', await tried(() => rawOne.write(4096, Buffer.alloc(4096))));
  const [refused] = await one.write([renewal]);
  tell('node1 renews', refused!.ok);
  // It has found another's record before it wrote anything; what it would write is refused by the disk.
  const current = (await one.read(['web']))[0]!;
  const back = { group: 'web', expected: current.version, record: recordOf('node1', 'a', '4') };
  tell('node1 takes it back', await tried(() => one.write([back])));
  tell('node1 again at once', await tried(() => one.write([back])));
  await sleep(lease + 100);
  const [third] = await one.write([back]);
  tell('node1 takes it back when its lease is over', third!.ok);
  tell('then node2 writes data', await tried(() => rawTwo.write(900_000 - (900_000 % 4096), Buffer.alloc(4096, 3))));
  await Promise.all([one.stop(), two.stop(), rawOne.stop(), rawTwo.stop()]);
}

main().then(
  () => process.exit(0),
  (error) => {
    tell('error', String((error as Error).stack));
    process.exit(1);
  },
);
