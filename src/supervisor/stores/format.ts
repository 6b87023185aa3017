import { Problem } from '../../base/problem.ts';
import type { Cluster } from '../../model/cluster.ts';
import { type Blocks, DeviceBlocks } from './disk-blocks.ts';
import { blockSize, digest, diskSize, isBlank, readHeader, writeHeader } from './disk-sector.ts';

/**
 * Makes the configured device the cluster's quorum disk, and gives nodes that have joined their places; says what it did.
 * Run again it changes nothing. Anything but a blank beginning or this cluster's own is left alone, unless `force`: then
 * all leases on it are forgotten, so no musterd of the cluster may run. Throws a Problem.
 */
export async function formatDisk(
  cluster: Cluster,
  force: boolean,
  open: (device: string) => Blocks = (device) => new DeviceBlocks(device, '/dev/null'),
): Promise<string> {
  const { store, name, nodes } = cluster;
  if (store?.kind !== 'disk')
    throw new Problem(
      'badInput',
      `Cannot format a quorum disk as muster.yml must name one: ${store === undefined ? 'its nodes vote' : `its leases lie in ${store.kind}`}`,
    );
  const { device } = store;
  const blocks = open(device);
  try {
    const bytes = await blocks.read(0, diskSize);
    const places = readHeader(bytes.subarray(0, blockSize), name);
    if (!force && (places === '' || (places === undefined && !isBlank(bytes)))) {
      const seen = places === '' ? 'it is the quorum disk of another cluster' : 'something else is on it';
      throw new Problem('badInput', `Cannot format "${device}" as its first ${diskSize} bytes must be blank: ${seen}`, {
        hint: 'look again; to overwrite it: musterd format-disk --force',
      });
    }
    const kept = force || places === undefined || places === '' ? undefined : places;
    const joined = nodes.filter((node) => kept === undefined || !kept.includes(digest(node, 8)));
    if (joined.length === 0) return `${device} is the quorum disk of cluster ${name}; every node has its place`;
    if (force) await blocks.write(blockSize, Buffer.alloc(diskSize - blockSize));
    await blocks.write(0, writeHeader(name, nodes, kept));
    return kept === undefined
      ? `${device} is now the quorum disk of cluster ${name}`
      : `${joined.join(', ')} now has a place on ${device}`;
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(
      'hostFailed',
      `Cannot format "${device}" as it must be a device to read and write: ${(error as Error).message}`,
    );
  } finally {
    await blocks.stop();
  }
}
