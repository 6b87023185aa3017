import type { Channel } from './channel.ts';
import { inTime } from './in-time.ts';
import { openExec, type Session } from './session.ts';

/** How long what was asked to end may take until it is killed, in milliseconds. */
const graceMs = 2000;
/** How long sshd may take to confirm the end of a channel, in milliseconds. */
const confirmMs = 500;

/** What ends a command is given up where it is held up itself, as in a login shell that hangs; in milliseconds. */
const helperMs = graceMs + 8000;

/** Text for `sh` that ends the process groups in `$all` (words like `-123`). No single quotes and one line: it is quoted itself. */
const endGroups = [
  'kill -s TERM -- $all',
  'i=0',
  `while [ $i -lt ${graceMs / 100} ] && kill -s 0 -- $all; do sleep 0.1; i=$((i+1)); done`,
  'kill -s KILL -- $all',
].join('; ');

/** Ends a process group on the host, from a channel of its own. Rejects where sshd gives none. */
export async function killGroup(session: Session, group: number, become: boolean): Promise<void> {
  const sudo = become ? 'sudo -n -- ' : '';
  await runHelper(session, `exec ${sudo}/bin/sh -c 'all=-${group}; ${endGroups}'`);
}

/**
 * Ends the command of a channel. sshd passes no signals on for root and none to what sudo started, and never says which
 * process a channel runs; so a second channel looks for the children of their common sshd. With several commands on one
 * connection that is ambiguous: then a signal through the channel has to do.
 */
export async function killCommand(session: Session, channel: Channel, become = false): Promise<void> {
  if (session.commands.size > 1) return signalAndWait(session, channel);
  const spared = ['$$', ...session.workerGroups].map((group) => `" ${group} "`).join('|');
  // Where the sshd of this connection has ended meanwhile, the parent is init, and its children are the whole host.
  const guard = '[ $PPID -gt 1 ] && read -r c </proc/$PPID/comm || exit 1; case $c in sshd*) ;; *) exit 1 ;; esac';
  // A program's name may hold anything, so what counts begins behind the last parenthesis: state, parent, group.
  const find = [
    guard,
    'all=',
    `for f in /proc/[0-9]*/stat; do read -r s <$f || continue; p=\${f#/proc/}; p=\${p%/stat}; set -- \${s##*) }`,
    '[ "$2" = $PPID ] && [ "$3" = $p ] || continue',
    `case " $3 " in ${spared}) ;; *) all="$all -$3" ;; esac; done`,
    '[ -n "$all" ] || exit 0',
  ].join('; ');
  try {
    if (!become) return void (await runHelper(session, `exec /bin/sh -c '${find}; ${endGroups}'`));
    // Under sudo the parent is sudo: so the user looks, and root ends what was found.
    const found = await runHelper(session, `exec /bin/sh -c '${find}; echo $all'`);
    if (!/^(-\d+ ?)+$/.test(found)) return;
    await runHelper(session, `exec sudo -n -- /bin/sh -c 'all="${found}"; ${endGroups}'`);
  } catch {
    await signalAndWait(session, channel);
  }
}

/** Resolves to what the command said, without blanks around it, when it has ended or the connection has; rejects when it is late. */
async function runHelper(session: Session, command: string): Promise<string> {
  const started = performance.now();
  const channel = await inTime(openExec(session, command, { urgent: true }), { timeoutMs: helperMs });
  if (typeof channel === 'string') throw new Error(channel);
  const said: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      forget();
      resolve();
    };
    const timer = setTimeout(
      () => {
        forget();
        // Else a login shell that hangs would go on with what it was given when it hangs no more.
        session.transport.signal(channel, 'KILL');
        channel.close();
        reject(new Error('late'));
      },
      helperMs - (performance.now() - started),
    );
    const forget = session.loss.wait(end);
    channel.on('error', () => {});
    channel.on('close', end);
    channel.on('data', (chunk: Buffer) => said.push(chunk));
    channel.stderr.resume();
    channel.end();
  });
  return Buffer.concat(said).toString('latin1').trim();
}

/** By a request in the channel itself (RFC 4254, 6.9). Resolves when the channel has ended, or will not. */
async function signalAndWait(session: Session, channel: Channel): Promise<void> {
  const closed = new Promise<boolean>((resolve) => channel.once('close', () => resolve(true)));
  const after = (ms: number): Promise<boolean> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      channel.once('close', () => clearTimeout(timer));
    });
  session.transport.signal(channel, 'TERM');
  if (await Promise.race([closed, after(graceMs)])) return;
  session.transport.signal(channel, 'KILL');
  await Promise.race([closed, after(confirmMs)]);
}
