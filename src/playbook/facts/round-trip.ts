import { shellQuote } from '../shell-text.ts';
import type { FactKind } from './fact.ts';

/**
 * Milliseconds of one round trip to `host:port`, seen from the node itself: the shortest of three handshakes of TCP. A
 * refusal is an answer, too, so that nobody has to listen there yet. Undefined where none of them is answered in 3 s.
 */
export const roundTripFact: FactKind<number | undefined> = {
  name: 'round-trip',
  volatile: true,
  script: (keys) =>
    keys
      .map((key) => {
        const [, host, port] = /^(.*):(\d+)$/.exec(key) ?? [];
        return `perl -MIO::Socket::IP -MErrno=ECONNREFUSED -e ${shellQuote(measuring)} ${shellQuote(host ?? '')} ${port} || echo -`;
      })
      .join('\n'),
  parse: (output, keys) => {
    const lines = output.toString('utf8').split('\n');
    return new Map(
      keys.map((key, index) => {
        const ms = Number.parseFloat(lines[index] ?? '');
        return [key, Number.isFinite(ms) ? ms : undefined];
      }),
    );
  },
};

// perl-base has no clock finer than a second. What it costs to ask `date` is taken off, but never more than its cheapest
// question: on a busy node one that took long would make a far host look near.
const measuring = `my ($host, $port) = @ARGV;
my ($best, $cost);
for (1 .. 3) {
  my $before = \`date +%s.%N\`;
  my $began = \`date +%s.%N\`;
  my $socket = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port, Timeout => 3);
  next unless $socket || $! == ECONNREFUSED;
  my $ended = \`date +%s.%N\`;
  $cost = $began - $before if !defined $cost || $began - $before < $cost;
  $best = $ended - $began if !defined $best || $ended - $began < $best;
}
exit 1 unless defined $best;
printf "%.3f\\n", $best > $cost ? ($best - $cost) * 1000 : 0;`;
