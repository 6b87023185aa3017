/**
 * A baseboard management controller for each machine of a lab: OpenIPMI's simulator, whose power switch is the lab's own.
 * It speaks IPMI as real ones do, so that `fence_ipmilan` cannot tell it from one. Its address is the client's, in the
 * lab's first network: it has power when the machine has none.
 */
import { accessSync, constants } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../base/problem.ts';
import { destroyMember, groupOf, isPopulated, killFile } from './cgroup.ts';
import { capture, inNamespace, must } from './command.ts';
import { startDetached } from './machine.ts';
import { nodePaths } from './names.ts';
import { cableFunctions } from './network.ts';
import { entryCommand } from './self.ts';
import type { LabPaths } from './types.ts';
import { volumeFunctions } from './volume.ts';
import { waitUntil } from './wait.ts';

/** Who may switch; the same for all of them. */
export const bmcUser = 'muster';
export const bmcPassword = 'lab-secret';
const port = 623;
const program = '/usr/bin/ipmi_sim';

/** Above the nodes and the addresses that labs usually move: node1's is .171. */
export function bmcAddress(node: string): string {
  return `10.77.0.${170 + Number(/\d+$/.exec(node)?.[0])}`;
}

const memberOf = (node: string): string => `bmc-${node}`;
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** What the simulator runs for `get power` and `set power 0|1` (ipmi_sim_chassiscontrol of OpenIPMI has the forms). */
function powerSwitch(paths: LabPaths, node: string): string {
  // A cycle: what the machine has left behind in its groups goes before it boots.
  const on = entryCommand('power', ['cycle', node, '--lab', paths.name]).map(quote).join(' ');
  return `#!/bin/sh
switch=${quote(paths.switchNamespace)} port=${node} mac= mac2= namespace=${quote(nodePaths(paths, node).namespace)}
events=${quote(join(groupOf(paths.name, node), 'cgroup.events'))} kill=${quote(killFile(paths.name, node))}
volume=${quote(nodePaths(paths, node).volume)}
${cableFunctions}${volumeFunctions}
is_on() { grep -q '^populated 1$' "$events" 2>/dev/null; }
off() {
  is_on || return 0
  nsenter --net="$switch" -- sh -c 'ip link set "$1" down; ip link set "$1.2" down' sh "$port" 2>/dev/null
  # Before anybody is told that it is off: its kernel lives on, and would write what is still in its memory.
  cut_volume || exit 1
  echo 1 >"$kill"
  # Killed frozen, its successor would be born so.
  echo 0 >"\${kill%/*}/cgroup.freeze"
  tries=500
  while is_on; do tries=$((tries - 1)); [ "$tries" -gt 0 ] || exit 1; sleep 0.02; done
  unplug >/dev/null 2>&1
}
# Without the simulator's sockets, which the machine would keep open for as long as it runs.
on() {
  ! is_on || return 0
  setsid perl -MPOSIX -e 'POSIX::close($_) for 3..255; exec @ARGV' ${on} </dev/null >>"$0.log" 2>&1 &
}
case "$1 $2 $3" in
  "get power "*) if is_on; then echo power:1; else echo power:0; fi ;;
  "set power 0" | "set shutdown "*) off ;;
  "set power 1") on ;;
  "set reset "*) off && on ;;
  "get boot "*) echo boot:default ;;
esac
`;
}

function channel(node: string, folder: string): string {
  const kinds = ['callback', 'user', 'operator', 'admin'];
  return `name "${node}"
set_working_mc 0x20
startlan 1
addr ${bmcAddress(node)} ${port}
priv_limit admin
${kinds.map((kind) => `allowed_auths_${kind} none md2 md5 straight`).join('\n')}
guid a123456789abcdefa123456789abcdef
endlan
chassis_control "${join(folder, 'power')}"
startnow false
user 1 false "" "" user 10 none md2 md5 straight
user 2 true "${bmcUser}" "${bmcPassword}" admin 10 none md2 md5 straight
`;
}

const controller = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`;

let installing: Promise<void> | undefined;

/** Once for all machines: apt lets nobody else at its lists meanwhile. */
async function ensureSimulator(): Promise<void> {
  try {
    accessSync(program, constants.X_OK);
  } catch {
    installing ??= install();
    await installing;
  }
}

async function install(): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const patience = ['-o', 'DPkg::Lock::Timeout=120'];
  const words = ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...patience, 'openipmi'];
  if ((await capture(words, { env })).rc === 0) return;
  await must(['apt-get', 'update', '-q'], { env });
  await must(words, { env });
}

/** Gives the machine a controller that answers at `bmcAddress`; nothing where it has one. */
export async function startBmc(paths: LabPaths, node: string): Promise<void> {
  if (await isPopulated(paths.name, memberOf(node))) return;
  await ensureSimulator();
  const folder = join(nodePaths(paths, node).directory, 'bmc');
  const log = join(folder, 'log');
  await mkdir(join(folder, 'state'), { recursive: true, mode: 0o700 });
  await writeFile(join(folder, 'power'), powerSwitch(paths, node));
  await chmod(join(folder, 'power'), 0o755);
  await writeFile(join(folder, 'lan.conf'), channel(node, folder), { mode: 0o600 });
  await writeFile(join(folder, 'sim.emu'), controller);
  await rm(log, { force: true });
  await must(inNamespace(paths.clientNamespace, ['ip', 'address', 'replace', `${bmcAddress(node)}/32`, 'dev', 'eth0']));
  const argv = [
    program,
    '-n',
    '-c',
    join(folder, 'lan.conf'),
    '-f',
    join(folder, 'sim.emu'),
    '-s',
    join(folder, 'state'),
  ];
  await startDetached(paths.name, memberOf(node), inNamespace(paths.clientNamespace, argv), log);
  const opened = async (): Promise<boolean> =>
    (await must(inNamespace(paths.clientNamespace, ['ss', '-Hlun']))).includes(`${bmcAddress(node)}:${port} `);
  if (await waitUntil(opened, { timeoutMs: 20_000, everyMs: 20 })) return;
  await stopBmc(paths, node);
  throw new Problem('hostFailed', `Cannot start the BMC of "${node}" as it must open its port: it did not`, {
    hint: `its output: ${log}`,
  });
}

/** Takes the controller's own power away: it answers nothing any more. The machine runs on. */
export async function stopBmc(paths: LabPaths, node: string): Promise<void> {
  await destroyMember(paths.name, memberOf(node));
}
