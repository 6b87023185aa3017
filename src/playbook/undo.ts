import { randomBytes } from 'node:crypto';
import type { Connection } from '../remote/types.ts';
import type { ProgramStep } from './exchange.ts';
import type { Undo } from './module.ts';
import { shellQuote } from './shell-text.ts';

/**
 * The dead man's undo. Before a change that can cut us off, the node gets a script that takes the change back, and a
 * timer that runs it. Only a *new* connection after the change disarms it: the old one may live on where no new one can
 * be made. The renaming of the script decides between the two, so that exactly one of them wins.
 */
export interface ArmedUndo {
  readonly arm: ProgramStep;
  /** Ends with 0 where the undo was still armed and no longer is. */
  readonly disarm: string;
  readonly afterSeconds: number;
}

const directory = '/run/muster';

export function armUndo(undo: Undo): ArmedUndo {
  const name = `muster-undo-${randomBytes(6).toString('hex')}`;
  const script = `${directory}/${name}.sh`;
  const fire = `mv ${script} ${script}.fired 2>/dev/null || exit 0; sh ${script}.fired; rm -f ${script}.fired`;
  const arm = `umask 077; mkdir -p ${directory} || exit 1
printf '%s\\n' ${shellQuote(undo.program)} >${script} || exit 1
systemd-run --quiet --collect --on-active=${undo.afterSeconds}s --timer-property=AccuracySec=100ms --unit=${name} \\
  /bin/sh -c ${shellQuote(fire)} 2>/dev/null && exit 0
setsid sh -c ${shellQuote(`sleep ${undo.afterSeconds}; ${fire}`)} </dev/null >/dev/null 2>&1 &
exit 0`;
  const disarm = `mv ${script} ${script}.off && rm -f ${script}.off && { systemctl -q stop ${name}.timer 2>/dev/null; true; }`;
  return { arm: { program: arm }, disarm, afterSeconds: undo.afterSeconds };
}

/** True where the undo was disarmed in time, over a connection of its own. */
export async function disarmUndo(
  armed: ArmedUndo,
  become: boolean,
  reconnect: () => Promise<Connection>,
): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await reconnect();
    const worker = await connection.worker({ become });
    const { rc } = await worker.run(armed.disarm, { timeoutMs: (armed.afterSeconds * 1000) / 3 });
    return rc === 0;
  } catch {
    return false;
  } finally {
    await connection?.close().catch(() => {});
  }
}
