import { unpacked } from './unpacked.ts';

/** What both need: the kernel's SCSI target with one file as its disk. A SCSI host then gives it to this same machine. */
const disk = (modules: string): string => `
mount -t tmpfs none /var; mkdir -p /var/target/pr
load configfs; mount -t configfs none /sys/kernel/config 2>/dev/null
load scsi_mod sd_mod sg target_core_mod target_core_file ${modules}
cd /sys/kernel/config/target || exit 1
mkdir -p core/fileio_0/disk
echo fd_dev_name=/mnt/disk,fd_dev_size=1048576 > core/fileio_0/disk/control
echo 1 > core/fileio_0/disk/enable
disk=/sys/kernel/config/target/core/fileio_0/disk
appears() { for tries in $(seq 50); do [ -b $1 ] && return; sleep 0.3; done; echo "no $1"; }
`;

/** Two loopback targets: two ways to the disk (/dev/sda and /dev/sdb), as two machines have them. */
export const loopback = `${disk('tcm_loop')}
for way in 1 2; do
  place=loopback/naa.600140500000000$way/tpgt_1
  mkdir -p $place
  echo naa.60014050000000a$way > $place/nexus
  mkdir -p $place/lun/lun_0
  ln -s $disk $place/lun/lun_0/disk
done
appears /dev/sdb
cd /
`;

/** The same by iSCSI: two initiators with names of their own, in this one machine. */
export function iscsi(): string {
  const tools = unpacked('iscsi', ['open-iscsi', 'libopeniscsiusr']);
  const name = 'iqn.2026-01.test.muster';
  return `${disk('iscsi_target_mod iscsi_tcp')}
ip link set lo up
group=/sys/kernel/config/target/iscsi/${name}:disk/tpgt_1
mkdir -p $group
echo 0 > $group/attrib/authentication
mkdir $group/lun/lun_0
ln -s $disk $group/lun/lun_0/disk
for node in 1 2; do
  mkdir $group/np/127.0.0.$node:3260 $group/acls/${name}:node$node $group/acls/${name}:node$node/lun_0
  ln -s $group/lun/lun_0 $group/acls/${name}:node$node/lun_0/disk
done
echo 1 > $group/enable
login() {
  LD_LIBRARY_PATH=$(echo ${tools}/usr/lib/*-linux-gnu) \\
    ${tools}/sbin/iscsistart -c /dev/null -i ${name}:$1 -t ${name}:disk -g 1 -a $2
  appears $3
}
login node1 127.0.0.1 /dev/sda
login node2 127.0.0.2 /dev/sdb
cd /
`;
}
