import { foldHosts } from '../base/host-range.ts';
import { unifiedDiff } from '../playbook/diff.ts';
import type { HostCounts, RunEvent } from '../playbook/run-event.ts';

type Finished = Extract<RunEvent, { readonly event: 'task-finished' }>;

/** The width of the widest status: what comes after it stands in one column. */
const width = 'unreachable'.length;

/**
 * Turns the events of a run into lines for people: one for each task and outcome, hosts folded, in the order of the tasks.
 * A task's lines come when all hosts of the play have ended it, or the play has.
 */
export class PlaybookLines {
  readonly #diff: boolean;
  readonly #print: (line: string) => void;
  #hosts: readonly string[] = [];
  #tasks = new Map<string, { readonly title: string; readonly events: Finished[] }>();

  constructor(options: { readonly diff: boolean; readonly print: (line: string) => void }) {
    this.#diff = options.diff;
    this.#print = options.print;
  }

  tell(event: RunEvent): void {
    switch (event.event) {
      case 'run-started':
        if (event.check) this.#print('Dry run: nothing is changed on any host.');
        return;
      case 'play-started':
        this.#flush(true);
        this.#hosts = event.hosts;
        this.#print(`\n${event.play}  (${foldHosts(event.hosts)})`);
        return;
      case 'task-finished':
        this.#finished(event);
        return;
      case 'host-unreachable':
        this.#hosts = this.#hosts.filter((host) => host !== event.host);
        this.#print(`  ${'unreachable'.padEnd(width)}  ${event.host}: ${indent(event.message, event.hint)}`);
        this.#flush(false);
        return;
      case 'rolled-back':
        this.#print(`  ${'rolled back'.padEnd(width)}  ${event.task}  ${event.host}: ${event.message}`);
        return;
      case 'interrupting':
        this.#print(`\n${event.message}`);
        return;
      case 'recap':
        this.#flush(true);
        this.#print('');
        for (const line of recapLines(event)) this.#print(line);
        return;
      default:
    }
  }

  #finished(event: Finished): void {
    const key = `${event.handler ? 'handler' : 'task'} ${event.task}`;
    const known = this.#tasks.get(key) ?? { title: event.task, events: [] };
    known.events.push(event);
    this.#tasks.set(key, known);
    if (event.status === 'failed') this.#hosts = this.#hosts.filter((host) => host !== event.host);
    this.#flush(false);
  }

  /** Prints, in order, the tasks that every host is through with; with `all`, the rest too. */
  #flush(all: boolean): void {
    for (const [key, { title, events }] of this.#tasks) {
      const later = [...this.#tasks.values()].slice(1).flatMap((task) => task.events.map((event) => event.host));
      const through = this.#hosts.every((host) => events.some((event) => event.host === host) && later.includes(host));
      if (!all && !through) return;
      this.#tasks.delete(key);
      for (const line of taskLines(title, events, this.#diff)) this.#print(line);
    }
  }
}

/** `  changed      the page of the web server  node[1-3]`; failures and diffs below, equal ones together. */
export function taskLines(title: string, events: readonly Finished[], diff: boolean): readonly string[] {
  const groups = new Map<string, Finished[]>();
  for (const event of events) {
    const differences = diff ? event.diff : [];
    const key = JSON.stringify([event.status, event.item, event.message, event.hint, differences]);
    groups.set(key, [...(groups.get(key) ?? []), event]);
  }
  return [...groups.values()].flatMap((group) => {
    const { status, item, message, hint, diff: diffs } = group[0]!;
    const hosts = foldHosts(group.map((event) => event.host));
    const label = item === undefined ? title : `${title} (${item})`;
    const word = status === 'unknown' ? 'known later' : status === 'failed' ? 'FAILED' : status;
    const said = message === undefined || status === 'skipped' ? '' : `: ${indent(message, hint)}`;
    const changes = diff
      ? diffs.flatMap((part) => [
          `      ${part.title}`,
          ...unifiedDiff(part.before, part.after).map((line) => `      ${line}`),
        ])
      : [];
    return [`  ${word.padEnd(width)}  ${label}  ${hosts}${said}`, ...changes];
  });
}

function indent(message: string, hint: string | undefined): string {
  const whole = hint === undefined ? message : `${message}\nhint: ${hint}`;
  return whole.replaceAll('\n', '\n      ');
}

export function recapLines(event: Extract<RunEvent, { readonly event: 'recap' }>): readonly string[] {
  const names = Object.keys(event.hosts);
  const longest = Math.max(0, ...names.map((name) => name.length));
  const lines = Object.entries(event.hosts).map(([name, counts]) => `${name.padEnd(longest)} : ${showCounts(counts)}`);
  const missed = event.notReached.length === 0 ? [] : [`not reached: ${foldHosts(event.notReached)}`];
  return [...lines, ...missed, `${event.seconds.toFixed(1)} s`];
}

export function showCounts(counts: HostCounts): string {
  const words = ['ok', 'changed', 'unreachable', 'failed', 'skipped'] as const;
  const ignored = counts.ignored === 0 ? '' : ` ignored=${counts.ignored}`;
  return words.map((word) => `${word}=${counts[word]}`).join(' ') + ignored;
}
