import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { StoreAnswer, StoreWrite } from '../../core/store-record.ts';
import type { LeaseStore } from '../../model/lease-store.ts';
import type { GroupName } from '../../model/names.ts';
import { readAnswers, readRequest, type TxnAnswer, writeAnswers, writeRequest } from './etcd-requests.ts';
import { type Store, Trouble } from './store.ts';

/** An answer is a few hundred bytes a group. */
const largestAnswer = 1_000_000;

interface Options {
  readonly settings: Extract<LeaseStore, { kind: 'etcd' }>;
  readonly cluster: string;
  /** Milliseconds. */
  readonly lease: number;
  readonly onTrouble: (why: string) => void;
}

/**
 * Etcd as a lease store: transactions that compare a key's revision, over HTTP/1.1 with connections that are kept. Etcd's
 * own leases are not used: the server counts them by its clock, and gives every one its whole time again when it changes
 * its leader, so no holder's kernel could know when they end.
 */
export class EtcdStore implements Store {
  readonly #options: Options;
  readonly #agent: http.Agent;
  readonly #trouble: Trouble;
  #endpoint = 0;
  #stopped = false;

  constructor(options: Options) {
    this.#options = options;
    this.#trouble = new Trouble(options.onTrouble, 'etcd answers again');
    const { ca, certificate, key, endpoints } = options.settings;
    const file = (name: string | undefined): Buffer | undefined =>
      name === undefined ? undefined : readFileSync(name);
    const kept = { keepAlive: true, maxSockets: 4 };
    // A member that is gone is noticed by the answer that does not come.
    this.#agent = endpoints[0]!.startsWith('https:')
      ? new https.Agent({ ...kept, ca: file(ca), cert: file(certificate), key: file(key), minVersion: 'TLSv1.2' })
      : new http.Agent(kept);
  }

  async read(groups: readonly GroupName[]): Promise<readonly StoreAnswer[]> {
    return readAnswers(groups, await this.#txn(readRequest(this.#options.cluster, groups)));
  }

  async write(writes: readonly StoreWrite[]): Promise<readonly StoreAnswer[]> {
    return writeAnswers(writes, await this.#txn(writeRequest(this.#options.cluster, writes)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#agent.destroy();
  }

  /** Asks one endpoint after the other, the one that answered last first, until a third of a lease is over. */
  async #txn(request: object): Promise<TxnAnswer> {
    const { endpoints } = this.#options.settings;
    const patience = this.#options.lease / 3;
    const timeout = patience / Math.min(endpoints.length, 3);
    const until = performance.now() + patience;
    const body = JSON.stringify(request);
    const failures: string[] = [];
    for (let tried = 0; tried < endpoints.length && !this.#stopped; tried++) {
      const left = Math.min(timeout, until - performance.now());
      if (tried > 0 && left < timeout / 2) break;
      const endpoint = endpoints[this.#endpoint]!;
      try {
        const answer = await this.#post(`${endpoint}/v3/kv/txn`, body, left);
        this.#trouble.over();
        return answer;
      } catch (error) {
        failures.push(`${endpoint}: ${(error as Error).message}`);
        this.#endpoint = (this.#endpoint + 1) % endpoints.length;
      }
    }
    const why = failures.sort().join('; ');
    if (!this.#stopped) this.#trouble.note(`etcd does not answer: ${why}`);
    throw new Error(why);
  }

  #post(url: string, body: string, timeout: number): Promise<TxnAnswer> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const { request } = url.startsWith('https:') ? https : http;
      const sent = request(url, { method: 'POST', agent: this.#agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > largestAnswer) sent.destroy(new Error('its answer does not end'));
          else chunks.push(chunk);
        });
        response.on('error', done);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode !== 200) {
            done(new Error(`HTTP ${response.statusCode}: ${complaintOf(text)}`));
            return;
          }
          try {
            const answer = JSON.parse(text) as TxnAnswer;
            clearTimeout(timer);
            resolve(answer);
          } catch {
            done(new Error('its answer is not JSON'));
          }
        });
      });
      const done = (error: Error): void => {
        clearTimeout(timer);
        reject(error);
      };
      const timer = setTimeout(() => sent.destroy(new Error(`no answer in ${Math.round(timeout)} ms`)), timeout);
      sent.on('error', done);
      sent.end(body);
    });
  }
}

function complaintOf(text: string): string {
  try {
    const { error, message } = JSON.parse(text) as { error?: string; message?: string };
    return String(error ?? message ?? text).slice(0, 200);
  } catch {
    return text.slice(0, 200).trim();
  }
}
