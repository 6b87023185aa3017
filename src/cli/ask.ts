import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { Problem } from '../base/problem.ts';
import { type Questions, Secret } from '../remote/secret.ts';

/**
 * Asks the person in front of the terminal, one question at a time; without a terminal the program that SSH_ASKPASS names
 * is asked, as OpenSSH does (SSH_ASKPASS_REQUIRE=force: always). Rejects with `Problem('usage')` where there is neither.
 */
export function askingAt(): Questions {
  return { secret: async (question) => new Secret(await queued(question, true)), line: (text) => queued(text, false) };
}

let last: Promise<unknown> = Promise.resolve();

/** Two questions at once would share the line that is typed. */
function queued(question: string, hidden: boolean): Promise<string> {
  const answer = last.then(() => ask(question, hidden));
  last = answer.catch(() => {});
  return answer;
}

async function ask(question: string, hidden: boolean): Promise<string> {
  const { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: require } = process.env;
  const forced = require === 'force';
  const terminal = forced || process.env.SSH_ASKPASS_REQUIRE === 'prefer' ? undefined : openTerminal();
  if (terminal !== undefined) return await askTerminal(terminal, question, hidden);
  if (program !== undefined && program !== '') return await askProgram(program, question);
  const fallback = forced ? undefined : openTerminal();
  if (fallback !== undefined) return await askTerminal(fallback, question, hidden);
  const seen = 'there is no terminal, and no SSH_ASKPASS';
  throw new Problem('usage', `Cannot ask "${question.trim()}" as somebody must be there to answer: ${seen}`);
}

function openTerminal(): ReadStream | undefined {
  try {
    return new ReadStream(openSync('/dev/tty', 'r+'));
  } catch {
    return undefined;
  }
}

/** Standard error takes the question, as standard output may go into a file. */
function askTerminal(terminal: ReadStream, question: string, hidden: boolean): Promise<string> {
  const echo = new Writable({
    write: (chunk, _encoding, done) => {
      if (!hidden) process.stderr.write(chunk);
      done();
    },
  });
  // Before the question, or the terminal itself would show the first letters of who types fast.
  const reader = createInterface({ input: terminal, output: echo, terminal: true });
  process.stderr.write(question);
  return new Promise((resolve, reject) => {
    const end = (): void => {
      reader.close();
      terminal.destroy();
      if (hidden) process.stderr.write('\n');
    };
    const leave = (): void => {
      end();
      reject(new Problem('interrupted', `Cannot go on as "${question.trim()}" must be answered: it was not`));
    };
    reader.once('SIGINT', leave);
    reader.once('line', (line) => {
      reader.off('close', leave);
      end();
      resolve(line);
    });
    reader.once('close', leave);
  });
}

function askProgram(program: string, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [question], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said: Buffer[] = [];
    const refuse = (seen: string): void => {
      const must = `${program} (SSH_ASKPASS) must answer "${question.trim()}"`;
      reject(new Problem('interrupted', `Cannot go on as ${must}: ${seen}`));
    };
    child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    child.once('error', (error) => refuse(error.message));
    child.once('close', (code) => {
      if (code === 0)
        resolve(
          Buffer.concat(said)
            .toString()
            .replace(/\r?\n$/, ''),
        );
      else refuse(`it ended with ${code ?? 'a signal'}`);
    });
  });
}
