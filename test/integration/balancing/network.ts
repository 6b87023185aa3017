import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { removeLinks } from '../supervisor/namespaces.ts';

/** Namespaces on a switch of their own: `sw` with a bridge, and one namespace per machine, each with one `eth0`. */
export interface Network {
  /** Runs a command in a machine and returns what it printed. */
  run(machine: string, command: string, input?: string): string;
  /** A long-lived TypeScript program in a machine, asked by JSON lines. */
  start(machine: string, script: string, args?: readonly string[]): Program;
  remove(): Promise<void>;
}

export interface Program {
  ask<T>(request: object): Promise<T>;
  /** Lines that were no answers, parsed. */
  readonly events: readonly Record<string, unknown>[];
  stop(): Promise<void>;
}

/** `machines`: name -> commands run in it, `eth0` being there and up. */
export function createNetwork(machines: Readonly<Record<string, readonly string[]>>): Network {
  const prefix = `mu-bal-${process.pid}-`;
  const programs: Program[] = [];
  const exec = (command: string, input = ''): string =>
    execFileSync('sh', ['-ec', command], { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] });
  const names = ['sw', ...Object.keys(machines)];
  const remove = async (): Promise<void> => {
    for (const program of programs) await program.stop();
    removeLinks(`${prefix}sw`);
    for (const name of names) exec(`ip netns del ${prefix}${name} 2>/dev/null || true`);
  };
  const network: Network = {
    run: (machine, command, input) => exec(`ip netns exec ${prefix}${machine} ${command}`, input),
    start: (machine, script, args = []) => {
      const program = startProgram([
        ...['ip', 'netns', 'exec', `${prefix}${machine}`],
        ...[process.execPath, '--import', 'tsx', script, ...args],
      ]);
      programs.push(program);
      return program;
    },
    remove,
  };
  try {
    for (const name of names) exec(`ip netns add ${prefix}${name}; ip -n ${prefix}${name} link set lo up`);
    exec(`ip -n ${prefix}sw link add br0 type bridge; ip -n ${prefix}sw link set br0 up`);
    for (const [index, [name, commands]] of Object.entries(machines).entries()) {
      const mac = `02:00:00:00:00:0${index + 1}`;
      exec(`ip -n ${prefix}sw link add p-${name} type veth peer name eth0 address ${mac} netns ${prefix}${name}
        ip -n ${prefix}sw link set p-${name} master br0 up
        ip -n ${prefix}${name} link set eth0 up`);
      for (const command of commands) network.run(name, command);
    }
  } catch (error) {
    for (const name of names) exec(`ip netns del ${prefix}${name} 2>/dev/null || true`);
    throw error;
  }
  return network;
}

function startProgram(command: readonly string[]): Program {
  const child: ChildProcess = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];
  const events: Record<string, unknown>[] = [];
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  void ended.then(() => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`${command.join(' ')} has ended`));
  });
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const message = JSON.parse(line) as { answer?: unknown };
    if ('answer' in message) waiting.shift()?.resolve(message.answer);
    else events.push(message);
  });
  return {
    events,
    ask: <T>(request: object) =>
      new Promise<T>((resolve, reject) => {
        waiting.push({ resolve: resolve as (value: unknown) => void, reject });
        child.stdin!.write(`${JSON.stringify(request)}\n`);
      }),
    stop: async () => {
      child.stdin!.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
      await ended;
      clearTimeout(timer);
    },
  };
}
