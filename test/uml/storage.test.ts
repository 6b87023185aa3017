import assert from 'node:assert/strict';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { runInGuest } from './guest.ts';
import { unpacked } from './unpacked.ts';

/** The agents, heartbeat's scripts that call them, and what those call, with the libraries that not every machine has. */
const packages = [
  ...['resource-agents', 'heartbeat', 'mdadm', 'lvm2', 'dmsetup', 'gawk', 'psmisc', 'kmod'],
  ...['libdevmapper1.02.1', 'libdevmapper-event1.02.1', 'liblvm2cmd2.03', 'libaio1', 'libedit2', 'libbsd0', 'libmd0'],
  ...['libsigsegv2', 'libmpfr6', 'libgmp10', 'libkmod2'],
];

/** The folder with them, and all that belongs below /usr there, as on a machine whose /sbin and /lib are links to it. */
function tools(): string {
  const kept = unpacked('storage', packages);
  for (const part of ['sbin', 'lib', 'bin'])
    if (existsSync(join(kept, part)))
      cpSync(join(kept, part), join(kept, 'usr', part), { recursive: true, verbatimSymlinks: true });
  return kept;
}

/** Two disks in memory, each with its own content, and no udev; /usr and /etc are this machine's with the packages on top. */
const prepare = (folder: string): string => `
load overlay scsi_mod sd_mod "scsi_debug dev_size_mb=32 add_host=2 per_host_store=1" md_mod raid1 dm_mod
mount -t overlay none -o lowerdir=${folder}/usr:/usr /usr
mount -t overlay none -o lowerdir=${folder}/etc:/etc /etc
for tries in $(seq 50); do [ -b /dev/sdb ] && break; sleep 0.3; done
mkdir /mnt/lvm /mnt/srv
cat >/mnt/lvm/lvm.conf <<'END'
devices { use_devicesfile = 0 obtain_device_list_from_udev = 0 }
activation { udev_sync = 0 udev_rules = 0 monitoring = 0 }
backup { backup = 0 archive = 0 }
END
export LVM_SYSTEM_DIR=/mnt/lvm DM_DISABLE_UDEV=1
mdadm --create /dev/md0 --run --level=1 --raid-devices=2 --metadata=1.2 --assume-clean /dev/sda /dev/sdb
{ echo DEVICE /dev/sda /dev/sdb; echo ARRAY /dev/md0 "$(mdadm --detail --brief /dev/md0 | grep -o 'UUID=[^ ]*')"; } >/mnt/mdadm.conf
vgcreate shop /dev/md0 && lvcreate -y -W n -l 100%FREE -n data shop && mke2fs -q -t ext4 /dev/shop/data
vgchange -an shop && mdadm --stop /dev/md0
cat /mnt/mdadm.conf
`;

describe('uml: Raid1, LVM and Filesystem, with the md and the device mapper of User-Mode Linux', function () {
  this.timeout(600_000);

  it("start in order, are found again, and stop in reverse, by the OCF agents and by heartbeat's own scripts", async () => {
    const program = join(import.meta.dirname, 'storage-program.ts');
    const output = await runInGuest(prepare(tools()), program, 560_000);
    const lines = [...output.matchAll(/^SAYS ([^:\n]+): (.*?)\r?$/gm)];
    const said = new Map(lines.map((match) => [match[1]!, JSON.parse(match[2]!) as unknown]));
    const is = (what: string, wanted: unknown): void => assert.deepEqual(said.get(what), wanted, `${what}\n${output}`);
    const starts = ['start Raid1', 'start LVM', 'start Filesystem'];
    const stops = ['stop Filesystem', 'stop LVM', 'stop Raid1'];
    for (const [way, note] of [
      ['agents', ''],
      ['scripts', 'agents'],
    ]) {
      is(`${way}, at first`, [false, false, false]);
      is(`${way}, started`, [...starts, true, true, true]);
      is(`${way}, the note`, note);
      is(`${way}, found again`, []);
      is(`${way}, stopped`, [...stops, false, false, false]);
      is(`${way}, trouble`, []);
    }
    is('with half a mirror', [true, true, true, 0]);
    assert.match(output, /GUEST-ENDS 0/);
  });
});
