import { Listr } from 'listr2';
import type { RunEvent } from '../playbook/run-event.ts';
import { PlaybookLines, showCounts } from './playbook-lines.ts';

interface HostLine {
  say(text: string): void;
  end(text: string, failed: boolean): void;
}

/**
 * The live view on a terminal: one line a host that says where it is. The lines for people come below, when all is over,
 * so that what was done stays to be read.
 */
export class PlaybookList {
  readonly #lines: string[] = [];
  readonly #plain: PlaybookLines;
  readonly #hosts = new Map<string, HostLine>();
  readonly #changed = new Map<string, number>();
  #play = 'connecting';
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: { readonly diff: boolean }) {
    this.#plain = new PlaybookLines({ diff: options.diff, print: (line) => this.#lines.push(line) });
  }

  tell(event: RunEvent): void {
    this.#plain.tell(event);
    if (event.event === 'run-started') this.#start(event.hosts);
    if (event.event === 'play-started') {
      this.#play = event.play;
      for (const host of event.hosts) this.#hosts.get(host)?.say(this.#play);
    }
    if (event.event === 'task-started')
      this.#hosts.get(event.host)?.say(`${this.#play} > ${event.task}${this.#count(event.host)}`);
    if (event.event === 'task-finished') {
      if (event.status === 'changed') this.#changed.set(event.host, (this.#changed.get(event.host) ?? 0) + 1);
      this.#hosts.get(event.host)?.say(`${this.#play} > ${event.task}${this.#count(event.host)}`);
      if (event.status === 'failed') this.#hosts.get(event.host)?.end(`failed at "${event.task}"`, true);
    }
    if (event.event === 'host-unreachable') this.#hosts.get(event.host)?.end('unreachable', true);
    if (event.event === 'recap') {
      for (const [host, counts] of Object.entries(event.hosts)) this.#hosts.get(host)?.end(showCounts(counts), false);
    }
  }

  /** Prints what is to stay, after the live part has ended. */
  async finish(): Promise<void> {
    for (const line of this.#hosts.values()) line.end('', false);
    await this.#running;
    process.stdout.write(this.#lines.map((line) => `${line}\n`).join(''));
  }

  #count(host: string): string {
    const changed = this.#changed.get(host) ?? 0;
    return changed === 0 ? '' : `  (${changed} changed)`;
  }

  #start(hosts: readonly string[]): void {
    const width = Math.max(...hosts.map((host) => host.length));
    const list = new Listr(
      hosts.map((host) => ({
        title: `${host.padEnd(width)}  connecting`,
        task: (_context: unknown, task: { title: string }) =>
          new Promise<void>((resolve, reject) => {
            let over = false;
            const say = (text: string): void => {
              if (!over && text !== '') task.title = `${host.padEnd(width)}  ${text}`;
            };
            this.#hosts.set(host, {
              say,
              end: (text, failed) => {
                say(text);
                if (over) return;
                over = true;
                if (failed) reject(new Error(text));
                else resolve();
              },
            });
          }),
      })),
      {
        concurrent: true,
        exitOnError: false,
        registerSignalListeners: false,
        rendererOptions: { collapseErrors: false, showErrorMessage: false },
      },
    );
    this.#running = list.run().catch(() => undefined);
  }
}
