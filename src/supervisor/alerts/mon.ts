import type { AlertWay } from '../../model/alerts.ts';
import { runAgent } from '../resources/agent-process.ts';
import type { Alert } from './alert.ts';

/** What a way came to. */
export interface Told {
  readonly ok: boolean;
  /** Why not; empty where it is ok. */
  readonly why: string;
  /** It would be the same again. */
  readonly final?: boolean | undefined;
}

/** Numbers of Mon's states, as alert scripts know them. */
const statFail = 0;
const statOk = 1;

/** The arguments with which Mon calls an alert script (mon(8), "ALERT PROGRAMS"); its own ones stand before `args`. */
export function monArguments(alert: Alert, args: readonly string[]): string[] {
  const { service, group, hosts, time, up } = alert;
  const told = ['-s', service, '-g', group, '-h', hosts.join(' '), '-t', String(Math.floor(time / 1000))];
  return [...told, ...(up ? ['-u'] : []), ...args];
}

/** The environment that they find beside it; `failedAt`: when it failed first, Unix milliseconds. */
export function monEnvironment(alert: Alert, failedAt: number | undefined): Record<string, string> {
  const { service, group, summary, detail, time, up } = alert;
  const seconds = (ms: number): string => String(Math.floor(ms / 1000));
  return {
    MON_GROUP: group,
    MON_SERVICE: service,
    MON_LAST_SUMMARY: summary,
    MON_LAST_OUTPUT: detail,
    MON_ALERTTYPE: up ? 'up' : 'failure',
    MON_OPSTATUS: String(up ? statOk : statFail),
    MON_RETVAL: up ? '0' : '1',
    ...(failedAt !== undefined && { MON_FIRST_FAILURE: seconds(failedAt) }),
    ...(up ? { MON_LAST_SUCCESS: seconds(time) } : { MON_LAST_FAILURE: seconds(time) }),
    MON_DESCRIPTION: `${alert.event} of ${group}`,
    MON_STATEDIR: '/var/lib/muster',
    MON_LOGDIR: '/var/log',
    MON_CFBASEDIR: '/etc/ha.d',
  };
}

export interface ProgramOptions {
  readonly timeout: number;
  readonly directory: string;
  readonly signal: AbortSignal;
}

/** Runs an alert script: the summary is the first line of its standard input, what is known the rest. */
export async function tellProgram(
  { program, args }: Extract<AlertWay, { kind: 'exec' }>,
  alert: Alert,
  failedAt: number | undefined,
  { timeout, directory, signal }: ProgramOptions,
): Promise<Told> {
  const environment = { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', ...monEnvironment(alert, failedAt) };
  const input = `${alert.summary}\n${alert.detail}\n`;
  const end = await runAgent(
    { program, args: monArguments(alert, args), environment, input },
    { timeout, signal, directory },
  );
  return judge(end);
}

/** Hands a message to the machine's sendmail, which every mail server of a Debian has. */
export async function tellByMail(
  { to }: Extract<AlertWay, { kind: 'mail' }>,
  alert: Alert,
  { timeout, directory, signal }: ProgramOptions,
): Promise<Told> {
  const environment = { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/usr/bin:/usr/lib` };
  const end = await runAgent(
    { program: 'sendmail', args: ['-oi', '-t'], environment, input: mailText(to, alert) },
    { timeout, signal, directory },
  );
  return judge(end);
}

/** The message; what is in it cannot add headers, as a line break ends none of them early. */
export function mailText(to: readonly string[], { summary, detail, group, event, up, hosts, time }: Alert): string {
  const oneLine = (text: string): string => text.replaceAll(/[\r\n]+/g, ' ');
  return [
    `To: ${to.join(', ')}`,
    `Subject: ${oneLine(`${up ? 'UP' : 'ALERT'} ${group}: ${summary}`).slice(0, 200)}`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    summary,
    '',
    `event: ${event}${up ? ' (up)' : ''}`,
    `cluster: ${group}`,
    `about: ${hosts.join(' ')}`,
    `time: ${new Date(time).toISOString()}`,
    '',
    detail,
    '',
  ].join('\n');
}

function judge({ code, timedOut, output }: Awaited<ReturnType<typeof runAgent>>): Told {
  if (code === 0) return { ok: true, why: '' };
  const said = output.trim().split('\n').at(-1) ?? '';
  const ended = timedOut ? 'it did not end in time' : code === undefined ? 'it could not be run' : `exit code ${code}`;
  // 127: the shell found no such program.
  return { ok: false, why: said === '' ? ended : `${ended}: ${said}`, final: code === 127 };
}
