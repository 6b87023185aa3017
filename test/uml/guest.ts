import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { unpacked } from './unpacked.ts';

/**
 * modprobe, which not every machine has: the modules that are asked for, those that they need first (finit_module is 313).
 * A word may have parameters behind the name: "softdog soft_margin=10".
 */
const loader = `my ($folder, @wanted) = @ARGV; my %files; open(my $list, "<", "$folder/modules.dep") or die "$folder: $!";
while (<$list>) { my ($file, $needs) = /^(\\S+?):\\s*(.*)/ or next; my ($name) = $file =~ m{([^/]+)\\.ko}; $name =~ tr/-/_/;
  $files{$name} = [$file, split / /, $needs] }
for (@wanted) { my ($name, $with) = split / /, $_, 2; my ($wanted, @needs) = @{$files{$name} or []};
  for my $module ((reverse @needs), $wanted // ()) { open(my $file, "<", "$folder/$module") or next;
    my $words = $module eq $wanted && defined $with ? $with : "";
    syscall(313, fileno($file), $words, 0) == 0 or $!{EEXIST} or print "no $module: $!\\n" } }`;

/** Debian's. */
function userModeLinux(): { kernel: string; modules: string } {
  const kept = unpacked('uml', ['user-mode-linux']);
  return { kernel: join(kept, 'usr/bin/linux.uml'), modules: kept };
}

/**
 * Runs a program in a guest whose root is this machine's, read-only: `prepare` is shell text, then Node runs the bundled
 * `program`; what `beside` names (a file's name and where its source begins) is bundled into the folder of the program.
 * Resolves to all that the guest wrote to its console. Rejects where it does not end in `patience` ms, or, where `restarts`
 * is true, where it ends in peace.
 */
export async function runInGuest(
  prepare: string,
  program: string,
  patience: number,
  { beside = {}, restarts = false }: { beside?: Readonly<Record<string, string>>; restarts?: boolean } = {},
): Promise<string> {
  const { kernel, modules } = userModeLinux();
  const folder = mkdtempSync(join(tmpdir(), 'muster-uml-'));
  const bundle = join(folder, 'program.cjs');
  for (const [file, source] of Object.entries({ ...beside, 'program.cjs': program }))
    await build({
      entryPoints: [source],
      outfile: join(folder, file),
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
cat >/run/load <<'END'
#!/bin/sh
exec perl -e '${loader}' "$(echo ${modules}/usr/lib/uml/modules/*)" "$@"
END
chmod 755 /run/load; load() { /run/load "$@"; }
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
  let inTime = true;
  const timer = setTimeout(() => {
    inTime = false;
    kill();
  }, patience);
  // Its group is its own: it would outlive an interrupted test.
  const leave = (): void => {
    kill();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', leave);
  await new Promise((resolve) => guest.once('close', resolve));
  process.off('exit', leave);
  clearTimeout(timer);
  rmSync(folder, { recursive: true, force: true });
  if (restarts && (!inTime || /GUEST-ENDS/.test(output))) throw new Error(`the guest did not restart:\n${output}`);
  if (!restarts && !/GUEST-ENDS \d+/.test(output)) throw new Error(`the guest did not come to its end:\n${output}`);
  return output;
}
