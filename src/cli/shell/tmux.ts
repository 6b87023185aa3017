import { execFile, spawn } from 'node:child_process';
import { Problem } from '../../base/problem.ts';
import type { Host } from '../../model/inventory.ts';
import { loginWords } from '../../remote/openssh-words.ts';
import { shellQuote } from '../../remote/quote.ts';
import {
  nameOfPane,
  newPane,
  newSession,
  newWindow,
  type TmuxPane,
  tile,
  windowSettings,
  windowsFor,
} from '../../shell/tmux-plan.ts';
import { targetsOf } from '../targets.ts';
import type { HostBook } from './host-book.ts';
import { LineInput } from './line-input.ts';
import type { ShellOptions } from './options.ts';
import { Protection } from './protection.ts';

/**
 * `muster shell --tmux`: a session of the person's own tmux with a pane for each host, typed into together. Comes back when
 * the person leaves it; from within tmux at once, as the terminal shows the session then.
 */
export async function tmuxShell(book: HostBook, pattern: string, options: ShellOptions): Promise<number> {
  const hosts = book.resolve(pattern);
  const panes = await panesOf(hosts, options);
  if (!(await mayType(book, hosts))) return 130;
  const session = await freeName(options.session);
  // tmux's status line takes one row of the terminal.
  const size = { width: process.stdout.columns || 200, height: Math.max(4, (process.stdout.rows || 51) - 1) };
  await build(session, windowsFor(panes, size), size);
  if (!process.stdout.isTTY || !process.stdin.isTTY) {
    process.stdout.write(`tmux attach-session -t =${session}\n`);
    return 0;
  }
  if (process.env.TMUX) {
    await tmux(['switch-client', '-t', `=${session}`]);
    return 0;
  }
  return await attach(session);
}

async function panesOf(hosts: readonly Host[], options: ShellOptions): Promise<TmuxPane[]> {
  const targets = await targetsOf(hosts, { lab: options.lab, connectTimeoutMs: options.connectTimeout });
  return targets.map((target, index) => {
    const host = hosts[index]!;
    if (host.connection !== 'lab') return { host: host.name, command: loginWords(target) };
    // OpenSSH has no way into the lab's network of its own.
    const words = [process.execPath, ...process.execArgv, process.argv[1]!, 'lab', 'connect', host.name];
    if (options.lab !== undefined) words.push('--lab', options.lab);
    const proxyCommand = words.map(shellQuote).join(' ');
    return { host: host.name, command: loginWords({ ...target, proxyCommand }) };
  });
}

async function mayType(book: HostBook, hosts: readonly Host[]): Promise<boolean> {
  const input = new LineInput({ history: () => [], complete: (line) => [[], line] });
  const protection = new Protection(
    (host) => book.protectedBy(host),
    (question) => input.answer(question),
  );
  return await protection.admits(hosts.map(({ name }) => name));
}

async function build(
  session: string,
  windows: readonly (readonly TmuxPane[])[],
  size: { width: number; height: number },
) {
  let begun = false;
  try {
    for (const panes of windows) {
      const [first, ...more] = panes as [TmuxPane, ...TmuxPane[]];
      const answer = await tmux(begun ? newWindow(session, first) : newSession(session, first, size));
      begun = true;
      const [window, pane] = idsOf(answer);
      await tmux(nameOfPane(pane, first));
      for (const other of more) {
        const [, id] = idsOf(await tmux(newPane(window, other)));
        await tmux(nameOfPane(id, other));
        await tmux(tile(window));
      }
      for (const words of windowSettings(window)) await tmux(words);
    }
  } catch (error) {
    // Half a set of panes would be taken for the whole.
    if (begun) await tmux(['kill-session', '-t', `=${session}`]).catch(() => {});
    throw error;
  }
}

function idsOf(answer: string): [window: string, pane: string] {
  const [window = '', pane = ''] = answer.trim().split(' ');
  return [window, pane];
}

/** What tmux answers. Rejects with `Problem('usage')` where there is no tmux, or it says no. */
function tmux(words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('tmux', words, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const seen = missing ? 'it is not installed' : stderr.trim() || error.message;
      reject(
        new Problem('usage', `Cannot open panes as tmux must make them: ${seen}`, {
          hint: missing ? 'apt install tmux' : undefined,
        }),
      );
    });
  });
}

async function isThere(session: string): Promise<boolean> {
  return await tmux(['has-session', '-t', `=${session}`]).then(
    () => true,
    () => false,
  );
}

/** The name that was asked for, or the first of `muster`, `muster-2` ... that no session has. */
async function freeName(wanted: string | undefined): Promise<string> {
  await tmux(['-V']);
  if (wanted === undefined) {
    for (let count = 1; ; count++) {
      const name = count === 1 ? 'muster' : `muster-${count}`;
      if (!(await isThere(name))) return name;
    }
  }
  if (wanted === '' || /[.:\s=]/.test(wanted)) {
    throw new Problem(
      'usage',
      `Cannot name a session "${wanted}" as tmux must know it by that: "." ":" "=" and blanks cannot be`,
    );
  }
  if (await isThere(wanted)) {
    throw new Problem('usage', `Cannot make session "${wanted}" as its name must be free: there is one`, {
      hint: `tmux attach-session -t =${wanted}`,
    });
  }
  return wanted;
}

function attach(session: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('tmux', ['attach-session', '-t', `=${session}`], { stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0 ? 0 : 2));
  });
}
