import type { Duplex, Readable } from 'node:stream';
import type { HostName } from '../model/names.ts';
import type { AlgorithmLists } from './algorithms.ts';
import type { Access } from './secret.ts';

/** `ask`: as `strict`, after somebody was asked about all unknown hosts of a run together. */
export type HostKeyChecking = 'strict' | 'accept-new' | 'ask' | 'off';

/** `ssh2` in this process, or the system's `ssh` with a control master. */
export type TransportName = 'ssh2' | 'openssh';

export type Authentication = 'publickey' | 'keyboard-interactive' | 'password';

/** All that is needed to reach one host; made from the inventory and ssh_config by `remote/target.ts`. */
export interface Target {
  readonly name: HostName;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly identityFiles: readonly string[];
  readonly knownHostsFiles: readonly string[];
  readonly hostKeyChecking: HostKeyChecking;
  readonly connectTimeoutMs: number;
  /** Opens the byte stream to sshd by a way of its own (the lab's); undefined: `proxyCommand`, `jump` or TCP. */
  readonly dial: (() => Promise<Duplex>) | undefined;
  /** A command whose standard streams lead to sshd, as the shell reads it (ProxyCommand). */
  readonly proxyCommand?: string | undefined;
  /** The host that the way leads through, which may have one before it (ProxyJump). */
  readonly jump?: Target | undefined;
  readonly addressFamily?: 4 | 6 | undefined;
  /** Our own address on the way there (BindAddress). */
  readonly bindAddress?: string | undefined;
  /** Only the identity files, never the agent's other keys (IdentitiesOnly). */
  readonly identitiesOnly?: boolean | undefined;
  /** Names in known_hosts files that we append to are hashed (HashKnownHosts). */
  readonly hashKnownHosts?: boolean | undefined;
  /** What a command finds in its environment, as far as sshd accepts it (SendEnv, SetEnv). */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Lets commands on the host use our agent; only where ssh_config says so. */
  readonly forwardAgent?: boolean | undefined;
  /** Lets commands on the host log in elsewhere with the keys that let us in, while this connection lasts. */
  readonly lendKeys?: boolean | undefined;
  /** A host that says nothing for `count` times the interval counts as lost; an interval of 0: never. */
  readonly keepAlive?: { readonly intervalMs: number; readonly count: number } | undefined;
  /** The only algorithms that may be used, in order (KexAlgorithms and its like). */
  readonly algorithms?: AlgorithmLists | undefined;
  /** Which ways to log in are tried, in this order (PreferredAuthentications and its like). */
  readonly authentications?: readonly Authentication[] | undefined;
  /** The agent's socket (IdentityAgent); `none`: no agent; undefined: SSH_AUTH_SOCK. */
  readonly identityAgent?: string | undefined;
  /** Passwords, and whom to ask. */
  readonly access?: Access | undefined;
  /** What carries the connection; undefined: ssh2, or OpenSSH where `needsOpenSsh` or a file of the user asks for it. */
  readonly transport?: TransportName | undefined;
  /** What in ssh_config only OpenSSH can do, in words. */
  readonly needsOpenSsh?: string | undefined;
  /** Keeps the connection open after its last use, in a background process. */
  readonly persist?: Persist | undefined;
  /** How OpenSSH is told which host it is; undefined: by nothing but the fields above. */
  readonly openSsh?: OpenSshName | undefined;
  /** The name that the host key is looked up under, where it is not the address (HostKeyAlias). */
  readonly hostKeyAlias?: string | undefined;
}

export interface Persist {
  /** How long nobody may use it, in milliseconds. */
  readonly idleMs: number;
  /** The command that starts the background process, where none runs yet. */
  readonly start: readonly string[];
}

/** A host as ssh_config knows it, which OpenSSH reads by itself, and what goes before it. */
export interface OpenSshName {
  readonly name: string;
  /** The file that was named with `-F`. */
  readonly configFile: string | undefined;
  readonly user: string | undefined;
  readonly port: number | undefined;
  readonly identityFile: string | undefined;
  readonly proxyCommand: string | undefined;
  readonly proxyJump: string | undefined;
}

/** What one program did. `rc` is null where a signal ended it. */
export interface RunResult {
  readonly rc: number | null;
  readonly signal: string | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly seconds: number;
  /** True where `timeoutMs` was over: rc is null then, and the streams hold what came until then. */
  readonly timedOut?: boolean | undefined;
}

export interface RunOptions {
  readonly stdin?: Buffer | string | undefined;
  /** After this many milliseconds the program and all its children get SIGTERM, and SIGKILL 2 s later. */
  readonly timeoutMs?: number | undefined;
  readonly onStdout?: ((chunk: Buffer) => void) | undefined;
  readonly onStderr?: ((chunk: Buffer) => void) | undefined;
  /** Ctrl-C: the program is killed as by a timeout, and the call rejects with `Problem('interrupted')`. */
  readonly signal?: AbortSignal | undefined;
}

/** What a command in a channel of its own may ask for beyond a program of a worker. */
export interface ExecOptions extends Omit<RunOptions, 'stdin' | 'onStdout' | 'onStderr'> {
  /** A stream is read only as fast as the host takes it; it is destroyed when the command ends before it. */
  readonly stdin?: Buffer | string | Readable | undefined;
  /** A promise holds the host back until it is fulfilled (back-pressure). */
  readonly onStdout?: ((chunk: Buffer) => void | Promise<void>) | undefined;
  readonly onStderr?: ((chunk: Buffer) => void | Promise<void>) | undefined;
  /** False: the result's `stdout` and `stderr` stay empty, as `onStdout` and `onStderr` take what comes. */
  readonly collect?: boolean | undefined;
  /**
   * `onStdout` gets chunks that are only lent: it copies what it keeps, and may not change them; a promise that it returns
   * is for back-pressure and not for the chunk. Not together with `collect`.
   */
  readonly borrow?: boolean | undefined;
  readonly pty?: boolean | undefined;
  /**
   * The command is a program for `sh`, whatever the login shell: as the user, or as root through sudo.
   * Undefined: the login shell runs it, as `ssh host command` does.
   */
  readonly as?: 'user' | 'root' | undefined;
}

/** One persistent `sh` on the host (under sudo where `become` says so); programs run in it one after another. */
export interface Worker {
  /** Runs shell text in a subshell of its own; concurrent calls queue up in order. */
  run(program: string, options?: RunOptions): Promise<RunResult>;
  close(): Promise<void>;
}

export interface PutOptions {
  readonly mode: number;
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  /** As root through sudo. */
  readonly become?: boolean | undefined;
}

/** A port on the host (loopback) whose connections come out in the controller. */
export interface ReverseTunnel {
  readonly port: number;
  close(): Promise<void>;
}

/** One SSH connection. Everything rejects with `Problem('hostUnreachable')` once it is lost. */
export interface Connection {
  readonly target: Target;
  /** True once nothing goes through it any more: it was lost, or closed. */
  readonly lost: boolean;
  worker(options?: { become?: boolean; signal?: AbortSignal }): Promise<Worker>;
  /** One command in a channel of its own. */
  exec(command: string, options?: ExecOptions): Promise<RunResult>;
  /** Opens a listener on the host's loopback; every connection to it is handed to `accept` as a stream. */
  reverseTunnel(accept: (stream: Duplex) => void): Promise<ReverseTunnel>;
  /** Writes a file beside its place and renames it there, with owner and mode right from the first moment. */
  putFile(path: string, content: Buffer, options: PutOptions): Promise<void>;
  close(): Promise<void>;
}
