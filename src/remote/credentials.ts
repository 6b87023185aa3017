import type { AnyAuthMethod, BaseAgent, ParsedKey, Prompt } from 'ssh2';
import { Problem } from '../base/problem.ts';
import { agentSocket } from './agent-socket.ts';
import { identityIn } from './identities.ts';
import { agentKeys, LockedKey, SomeKeys } from './key-agents.ts';
import type { Secret } from './secret.ts';
import type { Target } from './types.ts';
import { unlock } from './unlock.ts';

/** What we can log in with, in the order in which it is tried, and what we could not use, in words. */
export interface Credentials {
  readonly methods: readonly AnyAuthMethod[];
  /** `the key ~/.ssh/id_ed25519`, `the agent`, `the password`. */
  readonly tried: readonly string[];
  readonly unusable: readonly string[];
}

/** Stops the clock of a login while a person is asked; passes the answer on. */
export type Hold = <T>(asking: Promise<T>) => Promise<T>;

/**
 * Keys in identity files first, then what the agent has: a file that somebody named is most often the one that fits. Then
 * encrypted keys, whose passphrase is asked for only when the host takes the key, then a password.
 */
export async function credentialsFor(target: Target, hold: Hold): Promise<Credentials> {
  const methods: AnyAuthMethod[] = [];
  const tried: string[] = [];
  const unusable: string[] = [];
  const { user: username } = target;
  for (const way of target.authentications ?? (['publickey', 'keyboard-interactive', 'password'] as const)) {
    if (way === 'publickey') {
      await addKeys(target, hold, { methods, tried, unusable });
      continue;
    }
    const password = target.access?.password;
    if (password === undefined) continue;
    if (!tried.includes('the password')) tried.push('the password');
    if (way === 'password') {
      methods.push({ type: 'password', username, password: password.reveal() });
    } else {
      methods.push({ type: 'keyboard-interactive', username, prompt: answerer(target, password, hold) });
    }
  }
  return { methods, tried, unusable };
}

async function addKeys(
  target: Target,
  hold: Hold,
  { methods, tried, unusable }: { methods: AnyAuthMethod[]; tried: string[]; unusable: string[] },
): Promise<void> {
  const { user: username } = target;
  const socket = agentSocket(target);
  const inAgent = socket === undefined ? [] : await agentKeys(socket);
  const used = new Set<ParsedKey>();
  const locked: AnyAuthMethod[] = [];
  const lockedNames: string[] = [];
  const agent = (own: BaseAgent): AnyAuthMethod => ({ type: 'agent', username, agent: own });
  for (const file of target.identityFiles) {
    const identity = await identityIn(file);
    if (identity.kind === 'nothing') continue;
    if (identity.kind === 'key') {
      methods.push({ type: 'publickey', username, key: identity.key });
      tried.push(`the key ${file}`);
      continue;
    }
    const wire = 'publicKey' in identity ? identity.publicKey?.getPublicSSH() : undefined;
    const twin = wire === undefined ? undefined : inAgent.find((key) => key.getPublicSSH().equals(wire));
    if (socket !== undefined && twin !== undefined) {
      used.add(twin);
      methods.push(agent(new SomeKeys(socket, [twin])));
      tried.push(`the key ${file}`);
    } else if (identity.kind === 'locked') {
      const questions = target.access?.questions;
      if (questions === undefined) unusable.push(`${file}: it is encrypted (ssh-add it to the agent)`);
      else if (identity.publicKey === undefined) unusable.push(`${file}: it is encrypted, and ${file}.pub is missing`);
      else {
        const name = `the key ${file}`;
        const refuse = (error: Error): never => {
          // The host would have taken it: that nobody opened it is what a person has to read.
          const at = tried.indexOf(name);
          if (at >= 0) {
            tried.splice(at, 1);
            unusable.push(`${file}: it is encrypted. ${error.message}`);
          }
          throw error;
        };
        const open = (): Promise<ParsedKey> => hold(unlock(file, identity.text, questions)).catch(refuse);
        locked.push(agent(new LockedKey(identity.publicKey, open)));
        lockedNames.push(name);
      }
    } else if (identity.kind === 'public') {
      unusable.push(`${file}: it is a public key, and no agent has the private one`);
    } else {
      unusable.push(`${file}: ${identity.kind === 'beyond' ? `${identity.type} needs OpenSSH` : identity.why}`);
    }
  }
  const others = inAgent.filter((key) => !used.has(key));
  if (socket !== undefined && others.length > 0 && target.identitiesOnly !== true) {
    methods.push(agent(new SomeKeys(socket, others)));
    tried.push('the agent');
  }
  methods.push(...locked);
  tried.push(...lockedNames);
}

/** Answers what sounds like a password with the password, once; anything else only a person knows. */
function answerer(target: Target, password: Secret, hold: Hold) {
  let given = false;
  return (
    _name: string,
    instructions: string,
    _language: string,
    prompts: Prompt[],
    finish: (answers: string[]) => void,
  ): void => {
    const answer = async (): Promise<string[]> => {
      const answers: string[] = [];
      for (const { prompt, echo } of prompts) {
        if (/passwor(d|t)|passphrase/i.test(prompt) && echo !== true && !given) {
          given = true;
          answers.push(password.reveal());
          continue;
        }
        const questions = target.access?.questions;
        if (questions === undefined) throw new Problem('usage', 'nobody can be asked');
        const question = `${target.name}: ${instructions === '' ? '' : `${instructions} `}${prompt}`;
        answers.push(echo ? await questions.line(question) : (await questions.secret(question)).reveal());
      }
      return answers;
    };
    // Without an answer the host says no, and that is what the person reads.
    hold(answer()).then(finish, () => finish(prompts.map(() => '')));
  };
}
