import assert from 'node:assert/strict';
import { join } from 'node:path';
import { installPackages } from '../debian/installed.ts';
import { runInGuest } from './guest.ts';

/** One file behind two loopback targets of the kernel's SCSI target: two ways to one disk, as two machines have them. */
const prepare = `
mount -t tmpfs none /var; mkdir -p /var/target/pr
mount -t configfs none /sys/kernel/config 2>/dev/null
load configfs; mount -t configfs none /sys/kernel/config 2>/dev/null
load scsi_mod sd_mod sg target_core_mod target_core_file tcm_loop
cd /sys/kernel/config/target || exit 1
mkdir -p core/fileio_0/disk
echo fd_dev_name=/mnt/disk,fd_dev_size=1048576 > core/fileio_0/disk/control
echo 1 > core/fileio_0/disk/enable
for way in 1 2; do
  place=loopback/naa.600140500000000$way/tpgt_1
  mkdir -p $place
  echo naa.60014050000000a$way > $place/nexus
  mkdir -p $place/lun/lun_0
  ln -s /sys/kernel/config/target/core/fileio_0/disk $place/lun/lun_0/disk
done
for tries in 1 2 3 4 5 6 7 8 9 10; do [ -b /dev/sdb ] && break; sleep 0.3; done
cd /
`;

interface Said {
  readonly output: string;
  readonly is: (what: string, wanted: unknown) => void;
  readonly matches: (what: string, wanted: RegExp) => void;
}

/** What a program has said in a guest with such a disk. */
async function guest(program: string): Promise<Said> {
  installPackages({ '/usr/bin/sg_persist': 'sg3-utils' });
  const output = await runInGuest(prepare, join(import.meta.dirname, program), 200_000);
  const lines = [...output.matchAll(/^SAYS ([^:\n]+): (.*?)\r?$/gm)];
  const said = new Map(lines.map((match) => [match[1]!, JSON.parse(match[2]!) as unknown]));
  return {
    output,
    is: (what, wanted) => assert.deepEqual(said.get(what), wanted, `${what}\n${output}`),
    matches: (what, wanted) => assert.match(String(said.get(what)), wanted, output),
  };
}

describe('uml: a quorum disk with scsi persistent reservation, on the kernel of User-Mode Linux', function () {
  this.timeout(240_000);

  it('registers, reserves, pre-empts, and locks out the node that lost', async () => {
    const { is, matches, output } = await guest('scsi-program.ts');
    matches('format', /is now the quorum disk/);
    is('node1 takes it', true);
    is('its key', true);
    is('reservation', true);
    matches('node2 writes unregistered', /EBADE/);
    is('node2 reads', 'node1');
    is('node2 takes it over', true);
    is('keys', [false, true]);
    is('holder of the reservation', true);
    matches('node1 writes data', /EBADE/);
    is('node1 reads', 'node2');
    matches('node1 writes its sector', /EBADE/);
    is('node1 renews', false);
    matches('node1 takes it back', /EBADE/);
    matches('node1 again at once', /its last lease is not over/);
    is('node1 takes it back when its lease is over', true);
    matches('then node2 writes data', /EBADE/);
    assert.match(output, /GUEST-ENDS 0/);
  });
});

describe('uml: fencing at a disk with scsi persistent reservation, on the kernel of User-Mode Linux', function () {
  this.timeout(240_000);

  it('refuses what a fenced node writes until it boots again, and lets it fence nobody', async () => {
    const { is, matches, output } = await guest('scsi-fencing-program.ts');
    is('before', ['written', 'written']);
    is('registered', [true, true]);
    is('tests', [true, true]);
    is('both write', ['written', 'written']);
    is('fenced', { ok: true, text: 'refuses what node1 writes' });
    matches('node1 writes', /Invalid exchange|Input\/output error/);
    is('node2 writes', 'written');
    is('again', { ok: true, text: 'refuses what node1 writes' });
    is('node1 shoots back', { ok: false, text: 'has no key of node1, which therefore may take no other away' });
    is('node1 starts musterd again', false);
    matches('node1 still', /Invalid exchange|Input\/output error/);
    is('node1 has booted', true);
    is('node1 writes again', 'written');
    assert.match(output, /GUEST-ENDS 0/);
  });
});
