import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { Hold } from './credentials.ts';
import type { Access } from './secret.ts';

/** Asks us over a socket what `ssh` wants to know, and prints the answer; so that no secret is in an argument or a file. */
const helper = `
const socket = require('node:net').connect(process.env.MUSTER_ASKPASS);
const { SSH_ASKPASS_PROMPT: kind } = process.env;
socket.write(JSON.stringify({ host: process.env.MUSTER_ASKPASS_HOST, kind, prompt: process.argv[2] }) + '\\n');
let answer = '';
socket.setEncoding('utf8').on('data', (text) => (answer += text)).on('error', () => process.exit(1));
socket.on('end', () => (answer === '' ? process.exit(1) : process.stdout.write(answer)));
`;

interface Question {
  readonly host: string;
  readonly kind?: string;
  readonly prompt: string;
}

/** Answers what OpenSSH's processes ask for hosts: with the password that was given, or by asking the person. */
export class AskpassServer {
  readonly #dir: string;
  readonly #accesses = new Map<string, { readonly access: Access; readonly hold: Hold; readonly given: Set<string> }>();
  /** Passphrases by prompt, which names the file: one question for all hosts. */
  readonly #passphrases = new Map<string, Promise<string>>();
  readonly #refused = new Set<string>();
  #server: Server | undefined;

  /** `dir` is a directory of ours alone. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  async start(): Promise<void> {
    await writeFile(join(this.#dir, 'askpass.cjs'), helper, { mode: 0o600 });
    const script = `#!/bin/sh\nexec "$MUSTER_NODE" "${this.#dir}/askpass.cjs" "$1"\n`;
    await writeFile(join(this.#dir, 'askpass'), script, { mode: 0o700 });
    const server = createServer((socket) => {
      let text = '';
      socket.on('error', () => {});
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (!text.endsWith('\n')) return;
        const question = JSON.parse(text) as Question;
        const { hold } = this.#accesses.get(question.host) ?? {};
        const answer = this.#answer(question);
        (hold === undefined ? answer : hold(answer)).then(
          (text) => socket.end(`${text}\n`),
          () => socket.end(),
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(join(this.#dir, 'ask'), resolve));
    this.#server = server.unref();
  }

  stop(): void {
    this.#server?.close();
  }

  /** The environment of an `ssh` whose questions are answered out of `access`; its time stands still meanwhile. */
  environment(id: string, access: Access, hold: Hold): Readonly<Record<string, string>> {
    this.#accesses.set(id, { access, hold, given: new Set() });
    return {
      SSH_ASKPASS: join(this.#dir, 'askpass'),
      SSH_ASKPASS_REQUIRE: 'force',
      MUSTER_ASKPASS: join(this.#dir, 'ask'),
      MUSTER_ASKPASS_HOST: id,
      MUSTER_NODE: process.execPath,
    };
  }

  async #answer({ host, kind, prompt }: Question): Promise<string> {
    const entry = this.#accesses.get(host);
    if (entry === undefined) throw new Error('nobody we know');
    const { access } = entry;
    if (kind === 'none') {
      // A security key wants to be touched: nothing to answer, but the person has to know.
      process.stderr.write(`${prompt}\n`);
      throw new Error('only told');
    }
    if (/passphrase for/i.test(prompt)) return await this.#passphrase(host, prompt, access);
    if (/password(?: for [^:]*)?:?\s*$/i.test(prompt)) {
      // Once to each hop, as a wrong one stays wrong; and a person is not asked by each of a hundred hosts.
      if (access.password === undefined || entry.given.has(prompt)) throw new Error('there is no other password');
      entry.given.add(prompt);
      return access.password.reveal();
    }
    if (access.questions === undefined || kind === 'confirm') throw new Error('nobody can be asked');
    return (await access.questions.secret(`${prompt.trim()} `)).reveal();
  }

  #passphrase(host: string, prompt: string, { questions }: Access): Promise<string> {
    if (questions === undefined) return Promise.reject(new Error('nobody can be asked'));
    // Who asks again for the same key was given a wrong one.
    const asked = `${host} ${prompt}`;
    if (this.#refused.has(asked)) this.#passphrases.delete(prompt);
    this.#refused.add(asked);
    let passphrase = this.#passphrases.get(prompt);
    if (passphrase === undefined) {
      passphrase = questions.secret(`${prompt.trim()} `).then((secret) => secret.reveal());
      this.#passphrases.set(prompt, passphrase);
    }
    return passphrase;
  }
}
