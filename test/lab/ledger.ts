/** Who writes to the shared volume of a lab, and who keeps what was acknowledged. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Lab } from '../../src/lab/lab.ts';

export const ledgerPort = 7000;

/**
 * A service on a node, in Perl: every line that comes is written to `sure`, synced, and only then answered with itself.
 * It goes to `careless`, too, which nobody ever syncs.
 */
export const ledgerService = (folder: string): string => `use IO::Handle; use IO::Socket::INET;
$SIG{PIPE} = "IGNORE";
open my $sure, ">>", "${folder}/sure" or die "sure: $!";
open my $careless, ">>", "${folder}/careless" or die "careless: $!";
my $server = IO::Socket::INET->new(LocalPort => ${ledgerPort}, Listen => 5, ReuseAddr => 1) or die "port: $!";
while (my $client = $server->accept) {
  while (my $line = <$client>) {
    print $careless $line; $careless->flush or die "careless: $!";
    print $sure $line; $sure->flush && $sure->sync or die "sure: $!";
    print $client $line; $client->flush or last;
  }
}
`;

/** A client of it, which counts and begins anew wherever it hears nothing for a while. Each number is sent once. */
const client = `
const { connect } = require('node:net');
let number = 0;
const begin = () => {
  const socket = connect(Number(process.argv[2]), process.argv[1]);
  let text = '';
  const send = () => socket.write(++number + '\\n');
  socket.setTimeout(2000, () => socket.destroy());
  socket.on('connect', send).on('error', () => {}).on('close', () => setTimeout(begin, 100));
  socket.on('data', (chunk) => {
    text += chunk;
    if (!text.endsWith('\\n')) return;
    process.stdout.write(text);
    text = '';
    send();
  });
};
begin();
`;

/** Numbers that a program prints, each when it was told that it is kept. */
export class Acknowledged {
  readonly numbers: number[] = [];
  readonly #child: ChildProcess;

  constructor([program, ...args]: readonly string[]) {
    this.#child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let rest = '';
    this.#child.stdout!.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop()!;
      this.numbers.push(...lines.map(Number));
    });
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Writes to the ledger at this address from the lab's client, until it is ended. */
export function writeLedger(lab: Lab, address: string): Acknowledged {
  return new Acknowledged(lab.inClient([process.execPath, '-e', client, address, String(ledgerPort)]));
}
