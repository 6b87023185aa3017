import ssh2, {
  type BaseAgent,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';
import { parse } from './identities.ts';

/** Keys of an agent, asked for once in a while and not by every host of a run. */
const listings = new Map<string, { readonly at: number; readonly keys: Promise<readonly ParsedKey[]> }>();
const listingMs = 5000;
/** An agent that says nothing for this long has no keys; in milliseconds. */
const silenceMs = 5000;

/** What the agent behind a socket has, of the kinds that ssh2 knows; none where there is no agent. */
export function agentKeys(socket: string): Promise<readonly ParsedKey[]> {
  const known = listings.get(socket);
  if (known !== undefined && performance.now() - known.at < listingMs) return known.keys;
  const keys = new Promise<readonly ParsedKey[]>((resolve) => {
    setTimeout(() => resolve([]), silenceMs).unref();
    ssh2.createAgent(socket).getIdentities((error, found) => {
      const parsed = (error ? [] : (found ?? [])).map((key) => parse(publicText(key)));
      resolve(parsed.filter((key): key is ParsedKey => !(key instanceof Error)));
    });
  });
  listings.set(socket, { at: performance.now(), keys });
  return keys;
}

/** ssh2 hands out keys that it has taken apart already, or their bytes. */
function publicText(key: unknown): Buffer | string {
  if (Buffer.isBuffer(key) || typeof key === 'string') return key;
  const wire = (key as ParsedKey).getPublicSSH();
  return `${(key as ParsedKey).type} ${wire.toString('base64')}`;
}

/** The agent behind a socket, cut down to some of its keys. */
export class SomeKeys extends ssh2.BaseAgent {
  readonly #agent: BaseAgent;
  readonly #keys: readonly ParsedKey[];

  constructor(socket: string, keys: readonly ParsedKey[]) {
    super();
    this.#agent = ssh2.createAgent(socket);
    this.#keys = keys;
  }

  override getIdentities(done: IdentityCallback<ParsedKey>): void {
    done(undefined, [...this.#keys]);
  }

  /** Whether a key, as its public half goes over the wire, is one of them. */
  has(wire: Buffer): boolean {
    return this.#keys.some((key) => key.getPublicSSH().equals(wire));
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    done?: SignCallback,
  ): void {
    this.#agent.sign(key, data, options as SigningRequestOptions, done);
  }
}

/** One encrypted key as an agent that has it: the passphrase is asked for when a host has said that it takes the key. */
export class LockedKey extends ssh2.BaseAgent {
  readonly #publicKey: ParsedKey;
  readonly #unlock: () => Promise<ParsedKey>;

  constructor(publicKey: ParsedKey, unlock: () => Promise<ParsedKey>) {
    super();
    this.#publicKey = publicKey;
    this.#unlock = unlock;
  }

  override getIdentities(done: IdentityCallback<ParsedKey>): void {
    done(undefined, [this.#publicKey]);
  }

  override sign(
    _key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    done?: SignCallback,
  ): void {
    const callback = typeof options === 'function' ? options : done!;
    const hash = typeof options === 'function' ? undefined : options.hash;
    this.#unlock().then(
      (key) => {
        const signature = key.sign(data, hash) as Buffer | Error;
        if (signature instanceof Error) callback(signature);
        else callback(undefined, signature);
      },
      (error: Error) => callback(error),
    );
  }
}
