/** A small Linux under QEMU: Debian's cloud kernel, busybox and nft in an initial RAM disk, one network card. */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const guestMac = '02:00:0a:63:00:01';

/** Loaded twice in this order, as some need each other. */
const modules = [
  ...['libcrc32c', 'nfnetlink', 'nf_tables', 'nf_dup_netdev', 'nft_fwd_netdev'],
  ...['virtio', 'virtio_ring', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci'],
  ...['failover', 'net_failover', 'virtio_net'],
];

const run = (file: string, ...args: string[]): string => execFileSync(file, args, { encoding: 'utf8' });

/** Downloads and unpacks the kernel that `linux-image-cloud-amd64` stands for; returns the folder it lies in. */
function fetchKernel(folder: string): string {
  const name = /Depends: (linux-image-\S+)/.exec(run('apt-cache', 'depends', 'linux-image-cloud-amd64'))![1]!;
  execFileSync('apt-get', ['download', '-q', name], { cwd: folder, stdio: 'ignore' });
  const archive = readdirSync(folder).find((file) => file.startsWith(name) && file.endsWith('.deb'))!;
  run('dpkg', '-x', join(folder, archive), join(folder, 'kernel'));
  return join(folder, 'kernel');
}

function buildDisk(folder: string, kernel: string): string {
  const root = join(folder, 'root');
  for (const part of ['bin', 'modules', 'proc', 'sys', 'dev']) mkdirSync(join(root, part), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  symlinkSync('busybox', join(root, 'bin/sh'));
  const nft = run('sh', '-c', 'command -v nft').trim();
  const libraries = [...run('ldd', nft).matchAll(/(\/\S+)/g)].map((match) => match[1]!);
  copyFileSync(nft, join(root, 'bin/nft'));
  for (const library of libraries) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(library, join(root, library));
  }
  for (const name of modules) {
    const path = run('find', join(kernel, 'lib/modules'), '-name', `${name}.ko`).trim();
    // What is not there is built in.
    if (path !== '') copyFileSync(path, join(root, 'modules', basename(path)));
  }
  const init = `#!/bin/sh
/bin/busybox --install -s /bin
mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev
for again in 1 2; do for name in ${modules.join(' ')}; do [ ! -e /modules/$name.ko ] || insmod /modules/$name.ko 2>/dev/null; done; done
ip link set lo up; ip link set eth0 up
exec sh </dev/ttyS0 >/dev/ttyS0 2>&1
`;
  writeFileSync(join(root, 'init'), init, { mode: 0o755 });
  run('sh', '-c', `cd '${root}' && find . | cpio -o -H newc --quiet > '${folder}/disk'`);
  return join(folder, 'disk');
}

async function dial(path: string): Promise<Socket> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = await new Promise<Socket | undefined>((resolve) => {
      const dialled = connect(path, () => resolve(dialled)).once('error', () => resolve(undefined));
    });
    if (socket !== undefined) return socket;
    await sleep(50);
  }
  throw new Error(`nobody listens on ${path}`);
}

/** Sends lines and waits for an answer that matches; what came before is skipped. */
class Dialogue {
  readonly #socket: Socket;
  #seen = '';

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#seen += chunk.toString('latin1');
    });
  }

  async ask(line: string, answer: RegExp): Promise<void> {
    this.#seen = '';
    this.#socket.write(`${line}\n`);
    for (let tries = 0; tries < 60_000 && !answer.test(this.#seen); tries++) await sleep(1);
    if (!answer.test(this.#seen)) throw new Error(`no answer to ${line}: ${this.#seen.slice(-400)}`);
  }
}

export interface Guest {
  /** Shell text in the guest, which has to end with 0. */
  shell(text: string): Promise<void>;
  /** QEMU's `stop` and `cont`: the machine's processors and clocks stand still between them. */
  stop(): Promise<void>;
  cont(): Promise<void>;
  /** The argv that runs a program on the host's end of the guest's cable. */
  beside(argv: readonly string[]): string[];
  end(): Promise<void>;
}

/**
 * Boots the guest in a network namespace of its own; the host's end of the cable is tap0 with
 * `hostAddress`. Without hardware's help (TCG): it is what every machine can do, and its clocks stop as well.
 */
export async function bootGuest(folder: string, hostAddress: string): Promise<Guest> {
  const kernel = fetchKernel(folder);
  const disk = buildDisk(folder, kernel);
  const image = readdirSync(join(kernel, 'boot')).find((file) => file.startsWith('vmlinuz'))!;
  const qemu = [
    ...['qemu-system-x86_64', '-accel', 'tcg', '-m', '256', '-display', 'none', '-nodefaults', '-no-reboot'],
    ...[
      '-kernel',
      join(kernel, 'boot', image),
      '-initrd',
      disk,
      '-append',
      'console=ttyS0 quiet panic=-1 rdinit=/init',
    ],
    ...['-serial', `unix:${folder}/serial,server=on,wait=off`, '-qmp', `unix:${folder}/qmp,server=on,wait=off`],
    ...[
      '-netdev',
      'tap,id=n,ifname=tap0,script=no,downscript=no',
      '-device',
      `virtio-net-pci,netdev=n,mac=${guestMac},romfile=`,
    ],
  ];
  const script = `ip tuntap add tap0 mode tap; ip address add ${hostAddress}/24 dev tap0; ip link set tap0 up; exec "$@"`;
  const child = spawn('unshare', ['--net', 'sh', '-ec', script, 'sh', ...qemu], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = (): Promise<void> => {
    child.kill('SIGKILL');
    return ended;
  };
  try {
    const serial = new Dialogue(await dial(`${folder}/serial`));
    const monitor = new Dialogue(await dial(`${folder}/qmp`));
    await monitor.ask('{"execute":"qmp_capabilities"}', /"return"/);
    let asked = 0;
    // The marker is put together in the guest, so that the echo of the line is not taken for its answer.
    const shell = (text: string): Promise<void> =>
      serial.ask(`{ ${text}; } && echo do""ne-${++asked}`, new RegExp(`done-${asked}\\b`));
    for (let tries = 0; ; tries++) {
      const up = await Promise.race([shell('[ -d /sys/class/net/eth0 ]').then(() => true), sleep(2000, false)]);
      if (up) break;
      if (tries > 60) throw new Error('the guest did not boot');
    }
    return {
      shell,
      stop: () => monitor.ask('{"execute":"stop"}', /"return"/),
      cont: () => monitor.ask('{"execute":"cont"}', /"return"/),
      beside: (argv) => ['nsenter', `--net=/proc/${child.pid}/ns/net`, '--', ...argv],
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}
