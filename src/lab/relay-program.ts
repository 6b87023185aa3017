/**
 * Latency and loss between ports of the switch, in user space, as Perl (perl-base is on every Debian, Node has no raw
 * sockets). The switch itself drops the frames of such a direction (see relay.ts); this program sees them at the port
 * where they come in, and puts them out at the other port, later, or not at all.
 *
 * Arguments: number of clock_gettime, then per direction FROM TO MAC-OF-TO DELAY JITTER LOSS (ms, ms, 0 to 1); FROM and
 * TO are ports of the switch. A frame goes the way of the direction where its destination is that MAC or a group
 * address. Frames keep their order, but those that jitter lets pass each other.
 * Packet sockets by packet(7). PACKET_VNET_HDR carries along what a checksum or a segmentation is still to be done on:
 * frames between veth ports have not been on a wire. Ports may go and come: what is between the others goes on.
 */
export const relayProgram = String.raw`
use strict; use warnings;
my ($clock_gettime, @rules) = @ARGV;
sub now { my $t = "\0" x 16; syscall($clock_gettime + 0, 1, $t); my ($s, $n) = unpack('qq', $t); return $s * 1000 + $n / 1e6 }
my (%ports, %index, %to, %names);
socket(my $any, 17, 3, 0) or die "socket: $!\n";
sub index_of {
  my $request = pack('a16 x24', $_[0]);
  return ioctl($any, 0x8933, $request) ? unpack('x16 i', $request) : undef;
}
sub port {
  my ($name, $index) = @_;
  socket(my $socket, 17, 3, 0) or die "socket: $!\n";
  setsockopt($socket, 263, 15, pack('i', 1)) or die "vnet_hdr: $!\n";
  setsockopt($socket, 1, 33, pack('i', 8 << 20));
  bind($socket, pack('S n i S C C a8', 17, 3, $index, 0, 0, 0, '')) or return;
  ($ports{$name}, $index{$name}) = ($socket, $index);
}
# A machine that loses its power takes its port along, and comes back with another of that name.
sub check_ports {
  for my $name (keys %names) {
    my $index = index_of($name);
    next if $ports{$name} && defined $index && $index == $index{$name};
    delete $ports{$name};
    port($name, $index) if defined $index;
  }
}
while (@rules) {
  my ($from, $to, $mac, $delay, $jitter, $loss) = splice(@rules, 0, 6);
  $names{$_} = 1 for $from, $to;
  push @{$to{$from}}, { to => $to, mac => pack('H12', join('', split(/:/, $mac))), delay => $delay, jitter => $jitter, loss => $loss };
}
my @queue;
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
    return if !defined $sender;
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
check_ports();
$| = 1; print "ready\n";
my $checked = now();
while (1) {
  if (now() - $checked >= 50) { check_ports(); $checked = now() }
  # What cannot be sent is lost, as on a wire that nobody is at the end of.
  while (@queue && $queue[0][0] <= now()) { my $next = shift @queue; send($ports{$next->[1]}, $next->[2], 0x40) if $ports{$next->[1]} }
  my $left = @queue ? ($queue[0][0] - now()) / 1000 : 0.05;
  $left = $left < 0 ? 0 : $left > 0.05 ? 0.05 : $left;
  my $ready = '';
  vec($ready, fileno($ports{$_}), 1) = 1 for keys %ports;
  next if select($ready, undef, undef, $left) <= 0;
  for my $from (keys %ports) { take($from) if vec($ready, fileno($ports{$from}), 1) }
}
`;
