import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

/** modprobe, which not every machine has: the modules that are asked for, those that they need first (finit_module is 313). */
const loader = `my ($folder, @wanted) = @ARGV; my %files; open(my $list, "<", "$folder/modules.dep") or die "$folder: $!";
while (<$list>) { my ($file, $needs) = /^(\\S+?):\\s*(.*)/ or next; my ($name) = $file =~ m{([^/]+)\\.ko}; $name =~ tr/-/_/;
  $files{$name} = [$file, split / /, $needs] }
for my $module (map { reverse @{$files{$_} or []} } @wanted) { open(my $file, "<", "$folder/$module") or next;
  my $empty = ""; syscall(313, fileno($file), $empty, 0) == 0 or $!{EEXIST} or print "no $module: $!\\n" }`;

/** Debian's User-Mode Linux: unpacked beside the temporary files, as nothing of it has to be installed. */
function userModeLinux(): { kernel: string; modules: string } {
  const kept = join(tmpdir(), 'muster-test-uml');
  if (!existsSync(kept)) {
    const fresh = `${kept}.${process.pid}`;
    mkdirSync(fresh, { recursive: true });
    const options = { cwd: fresh, stdio: ['ignore', 'ignore', 'pipe'] as const };
    const download = ['-q', '-o', 'APT::Sandbox::User=root', 'download', 'user-mode-linux'];
    try {
      execFileSync('apt-get', download, options as never);
    } catch {
      execFileSync('apt-get', ['update', '-q'], options as never);
      execFileSync('apt-get', download, options as never);
    }
    const archive = readdirSync(fresh).find((file) => file.endsWith('.deb'))!;
    execFileSync('dpkg-deb', ['-x', archive, fresh], options as never);
    renameSync(fresh, kept);
  }
  return { kernel: join(kept, 'usr/bin/linux.uml'), modules: kept };
}

/**
 * Runs a program in a guest whose root is this machine's, read-only: `prepare` is shell text, then Node runs the bundled
 * `program`. Resolves to all that the guest wrote to its console. Rejects where it does not end in `patience` ms.
 */
export async function runInGuest(prepare: string, program: string, patience: number): Promise<string> {
  const { kernel, modules } = userModeLinux();
  const folder = mkdtempSync(join(tmpdir(), 'muster-uml-'));
  const bundle = join(folder, 'program.cjs');
  await build({
    entryPoints: [program],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    target: 'node18',
    format: 'cjs',
    logLevel: 'error',
  });
  const init = join(folder, 'init');
  writeFileSync(
    init,
    `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/mnt
mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev 2>/dev/null
mount -t tmpfs none /run; mount -t tmpfs none /mnt
load() { perl -e '${loader}' "$(echo ${modules}/usr/lib/uml/modules/*)" "$@"; }
${prepare}
${process.execPath} ${bundle} 2>&1
echo GUEST-ENDS $?
sync; echo o > /proc/sysrq-trigger; sleep 5; poweroff -f
`,
    { mode: 0o755 },
  );
  const options = [
    'root=/dev/root',
    'rootfstype=hostfs',
    'rootflags=/',
    'ro',
    'mem=384M',
    'con=null',
    'con0=null,fd:1',
  ];
  const quiet = ['ssl=null', 'quiet', 'noreboot', 'panic=1', `umid=muster-${process.pid}`, `uml_dir=${folder}`];
  const guest = spawn(kernel, [...options, ...quiet, `init=${init}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, TMPDIR: folder },
  });
  let output = '';
  for (const stream of [guest.stdout!, guest.stderr!])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      // What follows is only the way down, which not every kernel finds.
      if (/GUEST-ENDS \d+/.test(output)) kill();
    });
  // Its processes are a group of their own.
  const kill = (): void => {
    try {
      process.kill(-guest.pid!, 'SIGKILL');
    } catch {
      // They have all ended.
    }
  };
  const timer = setTimeout(kill, patience);
  await new Promise((resolve) => guest.once('close', resolve));
  clearTimeout(timer);
  rmSync(folder, { recursive: true, force: true });
  if (!/GUEST-ENDS \d+/.test(output)) throw new Error(`the guest did not come to its end:\n${output}`);
  return output;
}
