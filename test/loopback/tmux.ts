import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackages } from '../debian/installed.ts';

/** How long a screen may take until it shows what is waited for. */
const patienceMs = 30_000;

/** A tmux server of its own, without anybody's configuration: a terminal that a test types into and reads. */
export class Tmux {
  /** Its sockets are here (TMUX_TMPDIR). */
  readonly folder: string;

  constructor() {
    installPackages({ '/usr/bin/tmux': 'tmux' });
    this.folder = mkdtempSync(join(tmpdir(), 'muster-tmux-'));
  }

  /** The environment of whoever is to talk to this server, and to no other one. */
  get environment(): NodeJS.ProcessEnv {
    const { TMUX: _tmux, TMUX_PANE: _pane, ...rest } = process.env;
    return { ...rest, TMUX_TMPDIR: this.folder, LC_ALL: 'C.UTF-8', TERM: 'xterm-256color' };
  }

  run(...words: readonly string[]): string {
    return execFileSync('tmux', ['-f', '/dev/null', ...words], { env: this.environment, encoding: 'utf8' });
  }

  /** Starts a program on a terminal; its session has the name `name`. At its end the screen says `ended with CODE`. */
  start(name: string, command: readonly string[], environment: Readonly<Record<string, string>> = {}): void {
    const variables = Object.entries(environment).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
    // tmux's own words about a pane that is dead sometimes never come.
    const told = ['sh', '-c', 'trap : INT; "$@"; echo "ended with $?"; exec sleep 600', 'sh', ...command];
    this.run('new-session', '-d', '-s', name, '-x', '100', '-y', '30', ...variables, ...told);
  }

  /** Keys by tmux's names (`C-c`, `Enter`, `Up`). */
  keys(target: string, ...names: readonly string[]): void {
    this.run('send-keys', '-t', target, ...names);
  }

  type(target: string, text: string): void {
    this.run('send-keys', '-t', target, '-l', text);
  }

  /** As from the clipboard; in brackets where the program asked for that. */
  paste(target: string, text: string): void {
    this.run('set-buffer', text);
    this.run('paste-buffer', '-p', '-t', target);
  }

  screen(target: string): string {
    return this.run('capture-pane', '-p', '-t', target);
  }

  /** Waits until the screen is as wanted; resolves to it. */
  async until(target: string, what: string, holds: (screen: string) => boolean): Promise<string> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const screen = this.screen(target);
      if (holds(screen)) return screen;
      assert.ok(Date.now() < deadline, `waited ${patienceMs / 1000} s until ${what}:\n${screen}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async shows(target: string, pattern: RegExp): Promise<string> {
    return await this.until(target, `it shows ${pattern}`, (screen) => pattern.test(screen));
  }

  stop(): void {
    spawnSync('tmux', ['kill-server'], { env: this.environment });
    rmSync(this.folder, { recursive: true, force: true });
  }
}
