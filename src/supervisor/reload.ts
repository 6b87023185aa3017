import { Problem } from '../base/problem.ts';
import { type ConfigFiles, configHash, readConfigFiles, readConfiguration } from '../linux-ha/cluster.ts';
import type { Codec } from '../wire/codec.ts';
import type { Journal } from './journal.ts';
import { describeKeys, keyringOf, refusedKeys } from './keys.ts';
import type { Reply } from './loop.ts';

export interface ReloadParts {
  readonly directory: string;
  /** The files that run, as they were read at the start. */
  readonly files: ConfigFiles;
  readonly codec: Codec;
  readonly journal: Journal;
  /** Told when what runs is another configuration by its hash. */
  readonly onHash: (hash: string) => void;
}

/**
 * Takes up a changed authkeys while musterd runs, as heartbeat did on SIGHUP. All else in /etc/ha.d is decided together
 * when a node starts, so that a change of it is refused by name, and left for a restart.
 */
export class Reload {
  readonly #parts: ReloadParts;
  #files: ConfigFiles;

  constructor(parts: ReloadParts) {
    this.#parts = parts;
    this.#files = parts.files;
  }

  /** The keys of the file count from now on; where it cannot be read, or proves nothing, those that counted before do. */
  run(why: string): Reply {
    const { directory, journal } = this.#parts;
    try {
      const { authkeys } = readConfiguration(directory);
      const there = readConfigFiles(directory);
      const { files, others } = this.#compare(there);
      this.#parts.codec.rekey(keyringOf(authkeys));
      this.#files = files;
      this.#parts.onHash(configHash(files));
      const said = `musterd ${describeKeys(authkeys)}`;
      journal.say('reload', `${why}: ${said}`);
      for (const note of refusedKeys(authkeys)) journal.warn('configuration', note);
      if (others.length === 0) return { ok: true, text: said };
      const refusal = `Cannot reload "${others.join('", "')}" as only authkeys is taken up while musterd runs: it has changed too`;
      journal.warn('reload', refusal);
      return { ok: false, text: `${refusal}\n  hint: systemctl restart musterd, a node at a time\n${said}` };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      journal.warn('reload', `${why}: nothing is reloaded: ${error.message}`);
      return { ok: false, text: error.message };
    }
  }

  /** The files as they run once authkeys is taken up, and the names of all others that differ on the disk. */
  #compare(there: ConfigFiles): { files: ConfigFiles; others: string[] } {
    const names = new Set([...Object.keys(this.#files), ...Object.keys(there)]);
    const others = [...names].filter((name) => name !== 'authkeys' && this.#files[name] !== there[name]).sort();
    return { files: { ...this.#files, authkeys: there.authkeys! }, others };
  }
}
