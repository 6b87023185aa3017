/**
 * The witness for an IPv6 address: as witness-program.ts, with neighbour solicitations in place of ARP.
 *
 * Arguments as there, with the IPv6 addresses in plain hexadecimal (32 digits). Frames by their standards: IPv6 (RFC
 * 8200), ICMPv6 (RFC 4443), neighbour discovery (RFC 4861), Ethernet multicast (RFC 2464).
 *
 * - The solicitation goes to the address's solicited-node group, so every node gets it. It comes from a link-local
 *   address and a MAC that nobody has, and names that MAC as the place to answer to: neither this client's kernel nor
 *   another learns anything from the answer. The round stands in the MAC's last byte.
 * - Output, a line each: `E ROUND SENT SEEN MAC`, `R ROUND SENT SEEN MAC` (solicited advertisement), `a SEEN MAC`.
 */
export const witness6Program = String.raw`
use strict; use warnings;
my ($device, $own_mac, $own_ip, $vip, $interval, $clock_gettime, @macs) = @ARGV;
$| = 1;
sub now { my $t = "\0" x 16; syscall($clock_gettime + 0, 1, $t); my ($s, $n) = unpack('qq', $t); return $s * 1000000000 + $n }
sub mac { return pack('H12', join('', split(/:/, $_[0]))) }
sub show { return join(':', unpack('(H2)6', $_[0])) }
sub sum { my $t = 0; $t += $_ for unpack('n*', $_[0]); $t = ($t & 0xffff) + ($t >> 16) while $t >> 16; return ~$t & 0xffff }
socket(my $socket, 17, 3, 0) or die "socket: $!\n";
my $request = pack('a16 x24', $device);
ioctl($socket, 0x8933, $request) or die "interface $device: $!\n";
# Only ICMPv6 echo replies and neighbour advertisements reach us: next header 58 at byte 20, type 129 or 136 at byte 54.
my $code = join('', map { pack('S C C L', @$_) } [0x30, 0, 0, 20], [0x15, 0, 4, 58], [0x30, 0, 0, 54], [0x15, 1, 0, 129], [0x15, 0, 1, 136], [0x06, 0, 0, 65535], [0x06, 0, 0, 0]);
my $filter = pack('S x![P] P', 7, $code);
setsockopt($socket, 1, 26, $filter) or die "filter: $!\n";
bind($socket, pack('S n i S C C a8', 17, 0x86dd, unpack('x16 i', $request), 0, 0, 0, '')) or die "bind: $!\n";

my ($own, $target) = map { pack('H32', $_) } $own_ip, $vip;
my @ours = (mac($own_mac), $own); my @nodes = map { mac($_) } @macs;
my $id = $$ & 0xffff; my ($round, %sent) = (0);
my $group = pack('H26', 'ff0200000000000000000001ff') . substr($target, 13);
my $nobody = pack('H16 n n n n', 'fe80000000000000', 0x6d, 0x75ff, 0xfe00, $id);
my $answer_mac = sub { return pack('C6', 0x06, 0x6d, 0x76, $id >> 8, $id & 0xff, $_[0] & 63) };
sub packet {
  my ($from, $to, $hops, $type, $body) = @_;
  my $check = sum($from . $to . pack('N N', length($body) + 4, 58) . pack('C C n', $type, 0, 0) . $body);
  return pack('N n C C', 0x60000000, length($body) + 4, 58, $hops) . $from . $to . pack('C C n', $type, 0, $check) . $body;
}
sub send_round {
  $round++;
  delete $sent{$round - 2000};
  my $sender = $answer_mac->($round);
  $sent{$round} = [now()];
  syswrite($socket, "\x33\x33" . substr($group, 12) . $sender . pack('n', 0x86dd) . packet($nobody, $group, 255, 135, "\0" x 4 . $target . "\1\1" . $sender));
  my $number = 0;
  for my $node (@nodes) {
    my $echo = packet($own, $target, 64, 128, pack('n n N C x15', $id, $round & 0xffff, $round, $number++));
    push @{$sent{$round}}, now();
    syswrite($socket, $node . $ours[0] . pack('n', 0x86dd) . $echo);
  }
}
sub seen {
  sysread($socket, my $frame, 2048) or return;
  return if length($frame) < 67;
  my $seen = now();
  my ($to, $from) = unpack('a6 a6', $frame);
  my $type = ord(substr($frame, 54, 1));
  if ($type == 129) {
    return if substr($frame, 22, 16) ne $target;
    my ($of_us, undef, $of, $number) = unpack('x58 n n N C', $frame);
    return if $of_us != $id || !$sent{$of} || !defined $sent{$of}[$number + 1];
    print "E $of $sent{$of}[$number + 1] $seen ", show($from), "\n";
    return;
  }
  return if length($frame) < 78 || substr($frame, 62, 16) ne $target;
  if (ord($to) & 1) { print "a $seen ", show($from), "\n"; return }
  my ($first, $asked) = unpack('a5 C', $to);
  return if $first ne substr($answer_mac->(0), 0, 5);
  my $of = $round - (($round - $asked) & 63);
  print "R $of $sent{$of}[0] $seen ", show($from), "\n" if $sent{$of};
}
my $step = $interval * 1000000; my $next = now();
while (1) {
  my $left = $next - now();
  if ($left <= 0) { send_round(); $next += $step * (1 + int(-$left / $step)); next }
  my $ready = '';
  vec($ready, fileno($_), 1) = 1 for ($socket, \*STDIN);
  next if select($ready, undef, undef, $left / 1e9) <= 0;
  seen() if vec($ready, fileno($socket), 1);
  if (vec($ready, fileno(STDIN), 1)) { sysread(STDIN, my $input, 512) or exit 0 }
}
`;
