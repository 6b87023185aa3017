/**
 * The witness as a Perl program, as Node has no raw sockets and perl-base is on every Debian. It only sends, receives
 * and prints; who held the address when is decided in drill/holders.ts.
 *
 * Arguments: interface, own MAC, own address, VIP, interval in ms, number of clock_gettime, then one MAC per node.
 * Frames by their standards: ARP (RFC 826), IPv4 (RFC 791), ICMP echo (RFC 792), Ethernet II; the socket address is
 * struct sockaddr_ll of linux/if_packet.h, the filter struct sock_fprog of linux/filter.h.
 *
 * - The ARP request has no sender address (an ARP probe, RFC 5227) and a sender MAC that nobody has, so that neither a
 *   node nor this client's own kernel learns anything from it or from its answers: a witness that refreshed the
 *   client's ARP table would hide the very outage that is to be measured. The round stands in that MAC's last byte.
 * - The echo request carries the round and goes to the MAC of one node after the other, with the VIP as destination.
 * - Output, a line each: `e ROUND SENT SEEN MAC`, `r ROUND SENT SEEN MAC` (ARP reply), `a SEEN MAC` (announcement);
 *   times in nanoseconds of CLOCK_MONOTONIC. It ends at the end of its standard input.
 */
export const witnessProgram = String.raw`
use strict; use warnings;
my ($device, $own_mac, $own_ip, $vip, $interval, $clock_gettime, @macs) = @ARGV;
$| = 1;
sub now { my $t = "\0" x 16; syscall($clock_gettime + 0, 1, $t); my ($s, $n) = unpack('qq', $t); return $s * 1000000000 + $n }
sub mac { return pack('H12', join('', split(/:/, $_[0]))) }
sub ip { return pack('C4', split(/\./, $_[0])) }
sub show { return join(':', unpack('(H2)6', $_[0])) }
sub sum { my $t = 0; $t += $_ for unpack('n*', $_[0]); $t = ($t & 0xffff) + ($t >> 16) while $t >> 16; return ~$t & 0xffff }
sub open_packet {
  my ($protocol) = @_;
  socket(my $socket, 17, 3, unpack('S', pack('n', $protocol))) or die "socket: $!\n";
  my $request = pack('a16 x24', $device);
  ioctl($socket, 0x8933, $request) or die "interface $device: $!\n";
  my $index = unpack('x16 i', $request);
  bind($socket, pack('S n i S C C a8', 17, $protocol, $index, 0, 0, 0, '')) or die "bind: $!\n";
  return $socket;
}
my $arp = open_packet(0x0806);
my $echo = open_packet(0x0800);
# Only ICMP echo replies reach us: protocol 1 at byte 23, type 0 at byte 34 of a header without options.
my $code = join('', map { pack('S C C L', @$_) } [0x30, 0, 0, 23], [0x15, 0, 3, 1], [0x30, 0, 0, 34], [0x15, 0, 1, 0], [0x06, 0, 0, 65535], [0x06, 0, 0, 0]);
my $filter = pack('S x![P] P', 6, $code);
setsockopt($echo, 1, 26, $filter) or die "filter: $!\n";

my @ours = (mac($own_mac), ip($own_ip)); my $target = ip($vip);
my @nodes = map { mac($_) } @macs;
my $id = $$ & 0xffff; my ($round, %sent) = (0);
my $arp_mac = sub { return pack('C6', 0x06, 0x6d, 0x75, $id >> 8, $id & 0xff, $_[0] & 63) };
sub send_round {
  $round++;
  delete $sent{$round - 2000};
  my $sender = $arp_mac->($round);
  $sent{$round} = [now()];
  syswrite($arp, ("\xff" x 6) . $sender . pack('n n n C C n', 0x0806, 1, 0x0800, 6, 4, 1) . $sender . ("\0" x 4) . ("\0" x 6) . $target . ("\0" x 18));
  my $number = 0;
  for my $node (@nodes) {
    my $body = pack('n n N C x15', $id, $round & 0xffff, $round, $number++);
    $body = pack('C C n', 8, 0, sum(pack('n', 0x0800) . "\0\0" . $body)) . $body;
    my $head = pack('C C n n n C C', 0x45, 0, 20 + length($body), $round & 0xffff, 0, 64, 1);
    my $check = sum($head . "\0\0" . $ours[1] . $target);
    push @{$sent{$round}}, now();
    syswrite($echo, $node . $ours[0] . pack('n', 0x0800) . $head . pack('n', $check) . $ours[1] . $target . $body);
  }
}
sub seen_arp {
  sysread($arp, my $frame, 2048) or return;
  return if length($frame) < 42;
  my $seen = now();
  my ($to, $from, $type, $operation, $sender, $sender_ip) = unpack('a6 a6 n x6 n a6 a4', $frame);
  return if $type != 0x0806 || $sender_ip ne $target;
  if ((unpack('C', $to) & 1) == 1) { print "a $seen ", show($from), "\n"; return }
  my ($first, $asked) = unpack('a5 C', $to);
  return if $operation != 2 || $first ne substr($arp_mac->(0), 0, 5);
  my $of = $round - (($round - $asked) & 63);
  print "r $of $sent{$of}[0] $seen ", show($from), "\n" if $sent{$of};
}
sub seen_echo {
  sysread($echo, my $frame, 2048) or return;
  return if length($frame) < 47 || substr($frame, 26, 4) ne $target;
  my $seen = now();
  my ($own, undef, $of, $number) = unpack('x38 n n N C', $frame);
  return if $own != $id || !$sent{$of} || !defined $sent{$of}[$number + 1];
  print "e $of $sent{$of}[$number + 1] $seen ", show(substr($frame, 6, 6)), "\n";
}
my $step = $interval * 1000000; my $next = now();
while (1) {
  my $left = $next - now();
  if ($left <= 0) { send_round(); $next += $step * (1 + int(-$left / $step)); next }
  my $ready = '';
  vec($ready, fileno($_), 1) = 1 for ($arp, $echo, \*STDIN);
  next if select($ready, undef, undef, $left / 1e9) <= 0;
  seen_arp() if vec($ready, fileno($arp), 1);
  seen_echo() if vec($ready, fileno($echo), 1);
  if (vec($ready, fileno(STDIN), 1)) { sysread(STDIN, my $input, 512) or exit 0 }
}
`;
