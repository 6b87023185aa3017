import { ScsiKeys } from '../../src/supervisor/fencing/scsi-keys.ts';

/** A line for the test. */
export const tell = (what: string, value: unknown): void =>
  void process.stdout.write(`SAYS ${what}: ${JSON.stringify(value)}\n`);

/** One of two nodes, whose way to the disk is `device`. `boot`: /run of this boot. */
export function keysOf(self: string, device: string, boot: string, timeout = 30_000): ScsiKeys {
  const nodes = { node1: {}, node2: {} };
  return new ScsiKeys(
    { name: 'disk', agent: 'scsi', options: { device }, nodes, action: 'off', timeout },
    { cluster: 'lab', nodes: ['node1', 'node2'], self, runDir: `/run/${self}-${boot}` },
  );
}
