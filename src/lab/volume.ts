/**
 * A block device that all machines of a lab share, for what only one of them may mount at a time. Each machine has a loop
 * device of its own on the same file, so that each has a page cache of its own, as machines on one storage array do.
 */
import { existsSync } from 'node:fs';
import { link, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Problem } from '../base/problem.ts';
import { must, mustShell } from './command.ts';
import { nodePaths, sharedVolume, volumeFile } from './names.ts';
import type { LabPaths } from './types.ts';
import { waitUntil } from './wait.ts';

/**
 * Cuts every loop device on this file, or on a file below this folder: in one step it ends after its first sector, and
 * it goes when its last user is gone. What is under way comes to its end before, all that comes later fails (linux/loop.h:
 * LOOP_GET_STATUS64 0x4c05, LOOP_SET_STATUS64 0x4c04; `lo_sizelimit` at 32, `lo_flags` at 52, LO_FLAGS_AUTOCLEAR 4). So a file
 * system that is still mounted when its machine is killed writes nothing more, as the kernel lives on and would else do so.
 */
const cutProgram = `
sub backing { open my $in, "<", "/sys/block/$_[0]/loop/backing_file" or return ""; my $file = <$in> // ""; chomp $file; $file }
sub is_ours { my $file = backing($_[0]); $file eq $ARGV[0] || index($file, "$ARGV[0]/") == 0 }
my $failed = 0;
for my $name (map { m{^/sys/block/(loop[0-9]+)/loop$} } glob "/sys/block/loop*/loop") {
  next unless is_ours($name);
  open my $loop, "+<", "/dev/$name" or next;
  next unless is_ours($name);
  my $status = "\\0" x 232;
  next unless ioctl $loop, 0x4c05, $status;
  substr($status, 32, 8) = pack "Q", 512;
  substr($status, 52, 4) = pack "L", 4 | unpack "L", substr $status, 52, 4;
  next if ioctl $loop, 0x4c04, $status;
  print STDERR "$name stays: $!\\n";
  $failed = 1;
}
exit $failed`;

/** Shell function on `$volume`, a machine's file of the shared volume: see `cutVolume`. Nothing where there is none. */
export const volumeFunctions = `
cut_volume() { [ ! -e "$volume" ] || perl -e '${cutProgram}' "$volume"; }
`;

/** Makes the volume, of so many megabytes of zeros, which take no room before they are written. */
export async function createVolume(paths: LabPaths, nodes: readonly string[], megabytes: number): Promise<void> {
  const file = volumeFile(paths);
  const handle = await open(file, 'wx', 0o600);
  await handle.truncate(megabytes * 1024 * 1024).finally(() => handle.close());
  // A name for each machine: the kernel then says whose a loop device is.
  for (const node of nodes) await link(file, nodePaths(paths, node).volume);
}

/**
 * Gives the machine, which must be off, a new device of the shared volume; nothing where the lab has none. It is a node of
 * its own file system: to the agent Filesystem a device that is bind-mounted is one more mount, which it takes away.
 */
export async function attachVolume(paths: LabPaths, node: string): Promise<void> {
  const { volume, root } = nodePaths(paths, node);
  if (!existsSync(volume)) return;
  // What an earlier life of the machine has left.
  await cutVolume(paths, node);
  await mustShell('device=$(losetup --find --show "$1"); rm -f "$2"; cp -a "$device" "$2"', [
    volume,
    join(root, sharedVolume),
  ]);
}

/** From here on the machine writes nothing more to the shared volume, whatever it has mounted. Idempotent. */
async function cutVolume(paths: LabPaths, node: string): Promise<void> {
  await mustShell(`volume=$1${volumeFunctions}cut_volume`, [nodePaths(paths, node).volume]);
}

/** Gives the loop devices of all machines back; they must be off. */
export async function detachVolumes(paths: LabPaths): Promise<void> {
  if (!existsSync(volumeFile(paths))) return;
  const folder = dirname(nodePaths(paths, 'node').directory);
  await mustShell(`volume=$1${volumeFunctions}cut_volume`, [folder]);
  const gone = await waitUntil(
    async () => !(await must(['losetup', '--list', '--noheadings', '--output', 'BACK-FILE'])).includes(`${folder}/`),
    { timeoutMs: 10_000, everyMs: 20 },
  );
  if (gone) return;
  throw new Problem(
    'hostFailed',
    `Cannot end lab "${paths.name}" as nobody may use its shared volume: a loop device stays`,
    { hint: `which one: losetup --list | grep ${folder}` },
  );
}
