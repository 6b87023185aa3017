/**
 * IPsrcaddr: what this node begins itself leaves its network under the group's address. The agent of that name refuses an
 * address that lies on `lo` as well, which each of musterd's does on every node; and where the lease is lost before it is
 * stopped, it leaves the routes as they are, so that nothing which this node asks is answered any more. So musterd does it
 * itself, and only for the default route: unlike the agent it leaves the network of the address alone, as the other nodes
 * are there, to whom a packet from an address of their own `lo` is a forgery.
 *
 * A Perl program: ADDRESS {start|stop|monitor} FILE, with the exit codes of an OCF agent. The default routes through the
 * address's device get it as their preferred source; the file keeps what they were. Where somebody else has changed one
 * since then, it stays as he has it; where the kernel has removed it with the address, it comes back.
 */
export const sourceAddressProgram = String.raw`use strict;
my ($address, $action, $file) = @ARGV;
my $ours = qr/ src \Q$address\E(?= |$)/;
sub fail { print "@_\n"; exit 1 }
sub ip {
  open(my $in, '-|', 'ip', '-4', '-o', @_) or fail("ip: $!");
  my @lines = <$in>;
  close $in;
  # What the kernel says of a route and nobody can say to it.
  for (@lines) { s/\s+$//; s/ (linkdown|dead|offload|trap|nhid \d+)(?= |$)//g }
  return @lines;
}
# One that goes several ways at once has no source of its own.
sub defaults { return grep { !/nexthop/ } ip('route', 'show', 'exact', '0.0.0.0/0') }
sub through { my ($device, @lines) = @_; return grep { / dev \Q$device\E(?= |$)/ } @lines }
sub metric { return $_[0] =~ / metric (\d+)/ ? $1 : 0 }
sub set { system('ip', '-4', 'route', 'replace', split(' ', $_[0])) == 0 or fail("ip route replace $_[0] does not work") }
sub saved { open(my $in, '<', $file) or return (); my @lines = <$in>; chomp @lines; return @lines }

if ($action eq 'start') {
  my $device;
  # It may be on its way there, and others may have the kernel's lock of links for a while.
  for my $try (1 .. 10) {
    ($device) = grep { $_ ne 'lo' } map { (split ' ', $_)[1] } ip('address', 'show', 'to', "$address/32");
    last if defined $device;
    select(undef, undef, undef, 0.1);
  }
  fail("$address is on no network device of this node") if !defined $device;
  my @lines = through($device, defaults());
  fail("no default route goes through $device") if !@lines;
  my @plain = grep { $_ !~ $ours } @lines;
  open(my $out, '>>', $file) or fail("$file: $!");
  print $out join('', map { $_ . "\n" } @plain);
  close($out) or fail("$file: $!");
  for my $line (@plain) { (my $bare = $line) =~ s/ src \S+//; set("$bare src $address") }
} elsif ($action eq 'stop') {
  for my $was (saved()) {
    my ($device) = $was =~ / dev (\S+)/;
    next if !-e "/sys/class/net/$device";
    my @now = grep { metric($_) == metric($was) } through($device, defaults());
    set($was) if !@now || grep { $_ =~ $ours } @now;
  }
  for my $line (grep { $_ =~ $ours } defaults()) { (my $bare = $line) =~ s/$ours//; set($bare) }
  unlink $file;
} elsif (!grep { $_ =~ $ours } defaults()) {
  print "no default route has the source $address\n";
  exit 7;
}
exit 0;
`;
