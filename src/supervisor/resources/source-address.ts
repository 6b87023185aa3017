/**
 * IPsrcaddr: what this node begins itself goes out under the group's address. The agent of that name refuses an address that
 * lies on `lo` as well, which each of musterd's does on every node; and where the lease is lost before it is stopped, it
 * leaves the routes as they are, so that nothing which this node asks is answered any more. So musterd does it itself.
 *
 * A Perl program: ADDRESS {start|stop|monitor} FILE, with the exit codes of an OCF agent. The network of the address and the
 * default route through its device get it as their preferred source; the file keeps what they were. Where somebody else has
 * changed a route since then, it stays as he has it; where the kernel has removed it with the address, it comes back.
 */
export const sourceAddressProgram = String.raw`use strict;
my ($address, $action, $file) = @ARGV;
my $ours = qr/ src \Q$address\E(?= |$)/;
sub fail { print "@_\n"; exit 1 }
sub ip {
  open(my $in, '-|', 'ip', '-4', '-o', @_) or fail("ip: $!");
  my @lines = <$in>;
  close $in;
  for (@lines) { s/\s+$//; s/ (linkdown|dead|offload|trap)(?= |$)//g }
  return @lines;
}
# One that goes several ways at once has no source of its own.
sub routes { return grep { !/nexthop/ } ip('route', 'show', @_) }
# A way through a gateway needs the gateway's network, so that comes first.
sub ordered { return sort { ($a =~ /^default /) <=> ($b =~ /^default /) } @_ }
sub set { system('ip', '-4', 'route', 'replace', split(' ', $_[0])) == 0 or fail("ip route replace $_[0] does not work") }
sub saved { open(my $in, '<', $file) or return (); my @lines = <$in>; chomp @lines; return @lines }
my @changed = grep { $_ =~ $ours } routes();
my @defaults = grep { /^default / } @changed;

if ($action eq 'start') {
  my ($device) = grep { $_ ne 'lo' } map { (split ' ', $_)[1] } ip('address', 'show', 'to', "$address/32");
  fail("$address is on no network device of this node") if !defined $device;
  my @lines = grep { / dev \Q$device\E(?= |$)/ && (/^default / || / scope link(?= |$)/) } routes('match', $address);
  fail("no default route goes through $device") if !grep { /^default / } @lines;
  my @plain = grep { $_ !~ $ours } @lines;
  open(my $out, '>>', $file) or fail("$file: $!");
  print $out join('', map { $_ . "\n" } @plain);
  close($out) or fail("$file: $!");
  for my $line (ordered(@plain)) { (my $bare = $line) =~ s/ src \S+//; set("$bare src $address") }
} elsif ($action eq 'stop') {
  for my $was (ordered(saved())) {
    my ($to) = split ' ', $was;
    my ($device) = $was =~ / dev (\S+)/;
    next if !-e "/sys/class/net/$device";
    my @now = grep { / dev \Q$device\E(?= |$)/ } routes('exact', $to eq 'default' ? '0.0.0.0/0' : $to);
    set($was) if !@now || grep { $_ =~ $ours } @now;
  }
  for my $line (grep { /^default / && $_ =~ $ours } routes()) { (my $bare = $line) =~ s/$ours//; set($bare) }
  unlink $file;
} elsif (!@defaults) {
  fail("only a part of the routes has the source $address") if @changed && -e $file;
  print "no default route has the source $address\n";
  exit 7;
}
exit 0;
`;
