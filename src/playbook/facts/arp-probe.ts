import { shellQuote } from '../shell-text.ts';
import type { FactKind } from './fact.ts';

export interface ArpProbe {
  /** False where the question could not be asked; `seen` says why. */
  readonly asked: boolean;
  readonly seen: string;
  /** MAC addresses that answered, lower case. */
  readonly answers: readonly string[];
}

/**
 * An ARP probe as in RFC 5227 (sender address 0.0.0.0, so that nobody's table changes): two questions, 300 ms of
 * listening. perl is on every Debian; its packet socket needs no module. The key is `address` or `address%interface`.
 */
const program = String.raw`
my ($dev, $ip) = @ARGV;
sub slurp { open my $f, "<", "/sys/class/net/$dev/$_[0]" or die "no interface $dev\n"; my $l = <$f>; chomp $l; $l }
my $index = slurp("ifindex");
my $mac = pack "H12", slurp("address") =~ s/://gr;
my $target = pack "C4", split /\./, $ip;
socket my $s, 17, 3, unpack("S", pack("n", 0x0806)) or die "packet socket: $!\n";
my $to = sub { pack "S n i S C C a8", 17, 0x0806, $index, 1, 0, 6, $_[0] };
bind $s, $to->("") or die "bind: $!\n";
my $ask = ("\xff" x 6) . $mac . pack("n n n C C n", 0x0806, 1, 0x0800, 6, 4, 1) . $mac . ("\0" x 4) . ("\0" x 6) . $target;
my %seen;
for my $wait (0.1, 0.2) {
  send $s, $ask, 0, $to->("\xff" x 6) or die "send: $!\n";
  my $left = $wait;
  while ($left > 0) {
    my $bits = ""; vec($bits, fileno($s), 1) = 1;
    (my $n, $left) = select $bits, undef, undef, $left;
    last unless $n;
    recv $s, my $frame, 2048, 0;
    next unless length($frame) >= 42 && substr($frame, 12, 2) eq "\x08\x06" && unpack("n", substr $frame, 20, 2) == 2;
    next unless substr($frame, 28, 4) eq $target && substr($frame, 22, 6) ne $mac;
    $seen{join ":", unpack "(H2)6", substr $frame, 22, 6} = 1;
  }
}
print "asked ", join(" ", sort keys %seen), "\n";
`;

export const arpProbeFact: FactKind<ArpProbe> = {
  name: 'arp-probe',
  volatile: true,
  costly: true,
  script: (keys) =>
    keys
      .map((key) => {
        const [address = '', device] = key.split('%');
        const find =
          device === undefined
            ? `d=$(ip -o route get ${shellQuote(address)} 2>/dev/null | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')`
            : `d=${shellQuote(device)}`;
        return `${find}; perl -e ${shellQuote(program)} "$d" ${shellQuote(address)} 2>&1 | head -n 1`;
      })
      .join('\n'),
  parse: (output, keys) => {
    const lines = output.toString('utf8').split('\n');
    const read = (line: string): ArpProbe => {
      const asked = line.startsWith('asked ');
      return {
        asked,
        seen: line,
        answers: asked
          ? line
              .slice(6)
              .split(' ')
              .filter((mac) => mac !== '')
          : [],
      };
    };
    return new Map(keys.map((key, index) => [key, read(lines[index] ?? '')]));
  },
};
