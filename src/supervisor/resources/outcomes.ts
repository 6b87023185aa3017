/** What the end of an agent means, by the kind of agent. Pure. */
import type { Action, Outcome } from '../../core/resources/event.ts';
import type { AgentEnd } from './agent-process.ts';

type Read = (action: Action, end: AgentEnd) => Outcome;

const looks = (action: Action): boolean => action === 'monitor' || action === 'probe';

/** Exit codes of the Open Cluster Framework's resource agent API (1.1), all that mean anything but a plain failure. */
const ocfReasons: Readonly<Record<number, string>> = {
  2: 'its arguments are wrong',
  3: 'the agent does not know how to do that',
  4: 'it has not the permission',
  5: 'something that it needs is not installed',
  6: 'it is not configured',
};

export const ocfOutcome: Read = (action, end) => {
  const { code } = end;
  if (code === 7 && action !== 'start') return { kind: 'notRunning', text: textOf(end) };
  // 8: it runs in the promoted role, which one that was never promoted does not; it runs all the same.
  if (code === 0 || (code === 8 && looks(action))) return { kind: 'ok', text: textOf(end) };
  const reason = code === undefined ? undefined : ocfReasons[code];
  return failure(end, reason);
};

/** Exit codes of init scripts (LSB 5.0, 22.2), which mean one thing for `status` and another for everything else. */
export const lsbOutcome: Read = (action, end) => {
  const { code } = end;
  if (code === 0) return { kind: 'ok', text: textOf(end) };
  if (looks(action)) {
    // 1 and 2: it is dead, and left its process id or its lock file behind.
    if (code === 1 || code === 2 || code === 3) return { kind: 'notRunning', text: textOf(end) };
    return failure(end, undefined);
  }
  if (code === 7 && action === 'stop') return { kind: 'notRunning', text: textOf(end) };
  return failure(end, code === undefined ? undefined : ocfReasons[code]);
};

/** Scripts of /etc/ha.d/resource.d say in words whether a resource runs, and heartbeat listened to nothing else. */
export const heartbeatOutcome: Read = (action, end) => {
  if (!looks(action)) return end.code === 0 ? { kind: 'ok', text: textOf(end) } : failure(end, undefined);
  if (end.timedOut || end.code === undefined) return failure(end, undefined);
  const runs = !/[Nn][Oo][Tt] .*[Rr]unning/s.test(end.output) && /[Rr]unning|OK/.test(end.output);
  return { kind: runs ? 'ok' : 'notRunning', text: textOf(end) };
};

/** `systemctl show -p LoadState -p ActiveState -p SubState -p Result`, for a look; else how the job ended. */
export const systemdOutcome: Read = (action, end) => {
  if (!looks(action)) {
    // 5: there is no such unit (systemctl(1)).
    return end.code === 0
      ? { kind: 'ok', text: textOf(end) }
      : failure(end, end.code === 5 ? 'there is no such unit' : undefined);
  }
  if (end.timedOut || end.code !== 0) return failure(end, undefined);
  const fields = new Map(end.output.split('\n').map((line) => line.split('=', 2) as [string, string]));
  const load = fields.get('LoadState');
  const active = fields.get('ActiveState') ?? '';
  const sub = fields.get('SubState') ?? '';
  const text = `${active} (${sub})`;
  // It has ended, and systemd (Restart=) waits before it tries again: what ends each time would look well for ever.
  if (sub.startsWith('auto-restart')) return { kind: 'failed', text: `it ended by itself: ${text}` };
  if (active === 'active' || active === 'reloading' || active === 'activating') return { kind: 'ok', text };
  if (load === 'not-found' || load === 'masked') return { kind: 'unable', text: `its unit is ${load}` };
  if (active === 'inactive') return { kind: 'notRunning', text };
  if (active === 'failed') return { kind: 'notRunning', text: `${text}: ${fields.get('Result') ?? ''}` };
  return { kind: 'failed', text };
};

function failure(end: AgentEnd, unable: string | undefined): Outcome {
  if (end.timedOut) return { kind: 'timedOut', text: `it did not end in time${said(end)}` };
  if (unable !== undefined) return { kind: 'unable', text: `${unable} (exit code ${end.code})${said(end)}` };
  return { kind: 'failed', text: textOf(end) };
}

function textOf(end: AgentEnd): string {
  return `${end.code === undefined ? 'a signal ended it' : `exit code ${end.code}`}${said(end)}`;
}

/** What an OCF agent gives as its reason, else the last line that it printed. */
function said({ output }: AgentEnd): string {
  const lines = output.split('\n').map((line) => line.trim());
  const reason = lines.filter((line) => line.startsWith('ocf-exit-reason:')).at(-1);
  const words = reason?.slice('ocf-exit-reason:'.length) ?? lines.filter((line) => line !== '').at(-1) ?? '';
  return words === '' ? '' : `: ${words.slice(0, 300)}`;
}
