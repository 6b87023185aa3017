import { Duplex } from 'node:stream';
import ssh2, {
  type AnyAuthMethod,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';
import { SomeKeys } from './key-agents.ts';

/** SSH_AGENTC_EXTENSION and SSH_AGENT_FAILURE (draft-miller-ssh-agent). */
const [extension, failure] = [27, 5];

/** SSH_MSG_USERAUTH_REQUEST (RFC 4252, 7): what a login has signed. */
const loginRequest = 50;

/**
 * The keys that let us in, as an agent for the host's own logins at others; for as long as the connection lasts. It signs
 * logins and nothing else. Keys that a person has to unlock are not lent.
 */
export class LentKeys extends ssh2.BaseAgent {
  readonly #own: ParsedKey[] = [];
  readonly #agents: SomeKeys[] = [];

  constructor(methods: readonly AnyAuthMethod[]) {
    super();
    for (const method of methods) {
      if (method.type === 'publickey') this.#own.push(method.key as ParsedKey);
      if (method.type === 'agent' && method.agent instanceof SomeKeys) this.#agents.push(method.agent);
    }
  }

  override getIdentities(done: IdentityCallback<ParsedKey>): void {
    const found = [...this.#own];
    for (const agent of this.#agents)
      agent.getIdentities((_error, keys) => found.push(...((keys ?? []) as ParsedKey[])));
    done(undefined, found);
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    done?: SignCallback,
  ): void {
    const callback = typeof options === 'function' ? options : done!;
    const more = typeof options === 'function' ? {} : options;
    const sessionId = data.length > 4 ? data.readUInt32BE(0) : data.length;
    if (data[4 + sessionId] !== loginRequest) {
      callback(new Error('only logins are signed'));
      return;
    }
    const wire = key.getPublicSSH();
    const own = this.#own.find((candidate) => candidate.getPublicSSH().equals(wire));
    if (own !== undefined) {
      const signature = own.sign(data, more.hash) as Buffer | Error;
      if (signature instanceof Error) callback(signature);
      else callback(undefined, signature);
      return;
    }
    const agent = this.#agents.find((candidate) => candidate.has(wire));
    if (agent === undefined) callback(new Error('no such key'));
    else agent.sign(key, data, more, callback);
  }

  /** One program on the host that speaks to the agent. */
  override getStream(done: (error?: Error | null, stream?: Duplex) => void): void {
    const protocol = new ssh2.AgentProtocol(false);
    protocol.on('identities', (request) => {
      this.getIdentities((_error, keys) => protocol.getIdentitiesReply(request, (keys ?? []) as ParsedKey[]));
    });
    protocol.on('sign', (request, key, data, options) => {
      this.sign(key as ParsedKey, data, options, (error, signature) => {
        if (error || signature === undefined) protocol.failureReply(request);
        else protocol.signReply(request, signature);
      });
    });
    done(null, withoutExtensions(protocol));
  }
}

/**
 * OpenSSH begins with an extension (session-bind@openssh.com), which ssh2's agent takes for nonsense, and it answers nothing
 * sensible after it. So requests are taken apart here, and extensions get the answer that an agent without any gives.
 */
function withoutExtensions(protocol: Duplex): Duplex {
  let held = Buffer.alloc(0);
  const outer = new Duplex({
    read: () => protocol.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 5 && held.length >= 4 + held.readUInt32BE(0)) {
        const request = held.subarray(0, 4 + held.readUInt32BE(0));
        held = held.subarray(request.length);
        if (request[4] === extension) outer.push(Buffer.from([0, 0, 0, 1, failure]));
        else protocol.write(request);
      }
      done();
    },
    final: (done) => {
      protocol.end();
      outer.push(null);
      done();
    },
  });
  protocol.on('data', (chunk: Buffer) => outer.push(chunk));
  protocol.on('error', () => outer.destroy());
  return outer;
}
