/**
 * Latency and loss between ports of the switch, in user space, as Perl (perl-base is on every Debian, Node has no raw
 * sockets). The switch itself drops the frames of such a direction (see relay.ts); this program sees them at the port
 * where they come in, and puts them out at the other port, later, or not at all.
 *
 * Arguments: number of clock_gettime, then per direction FROM TO MAC-OF-TO DELAY JITTER LOSS (ms, ms, 0 to 1); FROM and
 * TO are ports of the switch. A frame goes the way of the direction where its destination is that MAC or a group
 * address. Frames keep their order, but those that jitter lets pass each other.
 * Packet sockets by packet(7). PACKET_VNET_HDR carries along what a checksum or a segmentation is still to be done on:
 * frames between veth ports have not been on a wire. It ends where a port ends, and is started again (relay.ts).
 */
export const relayProgram = String.raw`
use strict; use warnings; use Errno;
my ($clock_gettime, @rules) = @ARGV;
sub now { my $t = "\0" x 16; syscall($clock_gettime + 0, 1, $t); my ($s, $n) = unpack('qq', $t); return $s * 1000 + $n / 1e6 }
my (%ports, %index, %to);
sub index_of {
  my ($socket, $name) = @_;
  my $request = pack('a16 x24', $name);
  ioctl($socket, 0x8933, $request) or die "port $name: $!\n";
  return unpack('x16 i', $request);
}
# A port that is down comes up again; one that is gone, or another of its name, needs a new start.
sub check_port {
  my ($name) = @_;
  return if $!{EAGAIN} || $!{EINTR} || $!{ENOBUFS};
  die "port $name: $!\n" if !$!{ENETDOWN} || index_of($ports{$name}, $name) != $index{$name};
}
sub port {
  my ($name) = @_;
  return $ports{$name} if $ports{$name};
  socket(my $socket, 17, 3, 0) or die "socket: $!\n";
  my $index = $index{$name} = index_of($socket, $name);
  setsockopt($socket, 263, 15, pack('i', 1)) or die "vnet_hdr: $!\n";
  setsockopt($socket, 1, 33, pack('i', 8 << 20));
  bind($socket, pack('S n i S C C a8', 17, 3, $index, 0, 0, 0, '')) or die "bind: $!\n";
  return $ports{$name} = $socket;
}
while (@rules) {
  my ($from, $to, $mac, $delay, $jitter, $loss) = splice(@rules, 0, 6);
  port($to);
  push @{$to{$from}}, { to => port($from) && $to, mac => pack('H12', join('', split(/:/, $mac))), delay => $delay, jitter => $jitter, loss => $loss };
}
my @queue; my $order = 0;
sub plan {
  my ($entry) = @_;
  my $at = @queue;
  $at-- while $at > 0 && $queue[$at - 1][0] > $entry->[0];
  splice(@queue, $at, 0, $entry);
}
sub take {
  my ($from) = @_;
  for (1 .. 64) {
    my $sender = recv($ports{$from}, my $frame, 70000, 0x40);
    if (!defined $sender) { check_port($from); return }
    # What leaves by this port, our own frames among it, is seen here as well (PACKET_OUTGOING).
    next if length($sender) > 10 && unpack('x10 C', $sender) == 4;
    next if length($frame) < 24;
    my $to = substr($frame, 10, 6); my $group = ord($to) & 1;
    for my $way (@{$to{$from} || []}) {
      next if !$group && $to ne $way->{mac};
      next if $way->{loss} && rand() < $way->{loss};
      plan([now() + $way->{delay} + rand($way->{jitter} || 0), $way->{to}, $frame]);
      last if !$group;
    }
  }
}
$| = 1; print "ready\n";
while (1) {
  while (@queue && $queue[0][0] <= now()) { my $next = shift @queue; defined send($ports{$next->[1]}, $next->[2], 0x40) or check_port($next->[1]) }
  my $left = @queue ? ($queue[0][0] - now()) / 1000 : undef;
  $left = 0 if defined $left && $left < 0;
  my $ready = '';
  vec($ready, fileno($ports{$_}), 1) = 1 for keys %ports;
  next if select($ready, undef, undef, $left) <= 0;
  for my $from (keys %ports) { take($from) if vec($ready, fileno($ports{$from}), 1) }
}
`;
