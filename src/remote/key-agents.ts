import { connect } from 'node:net';
import ssh2, {
  type BaseAgent,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';
import { parse } from './identities.ts';
import { FieldReader, readBlocks } from './packets.ts';

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

/** Messages of an agent (draft-miller-ssh-agent, 5.1 and 3.5). */
const agentMessages = { requestIdentities: 11, identities: 12 } as const;

/**
 * The kinds of all keys that the agent behind a socket has, also those that ssh2 does not know and leaves out; none where
 * there is no agent.
 */
export function agentKeyTypes(socket: string): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const stream = connect(socket);
    const end = (types: readonly string[]): void => {
      clearTimeout(timer);
      stream.destroy();
      resolve(types);
    };
    const timer = setTimeout(() => end([]), silenceMs);
    stream.on('error', () => end([])).on('close', () => end([]));
    readBlocks(
      stream,
      (block) => {
        if (block[0] !== agentMessages.identities) return end([]);
        const body = new FieldReader(block.subarray(1));
        const types: string[] = [];
        for (let left = body.number(); left > 0; left--) {
          types.push(new FieldReader(body.bytes()).text());
          body.bytes();
        }
        end(types);
      },
      () => end([]),
    );
    stream.write(Buffer.from([0, 0, 0, 1, agentMessages.requestIdentities]));
  });
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
