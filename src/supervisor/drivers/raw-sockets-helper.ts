/**
 * The helper behind `raw-sockets.ts`: Node has neither netlink nor AF_PACKET nor unix datagrams, and a process per change
 * costs 5 ms. Perl is Essential on Debian. It only relays; whatever it carries is encoded and understood on our side.
 * It loads no module, which halves its memory: hence numbers for MSG_DONTWAIT (64) and EINTR (4). Of its code it keeps what
 * it uses: what only its start needed is given back (MADV_DONTNEED (4), of what is never written), before memory is locked.
 *
 * Both ways: u32 length (big-endian, of what follows), u8 socket, payload. Socket 0 is the helper itself:
 *   open ID DOMAIN TYPE PROTOCOL BIND CONNECT   (sockaddrs in hex, `-` for none), answered by `failed ID ERRNO` at most
 *   close ID
 *   leave ID                                     close, where that may take the kernel long: a child has the socket too, and
 *                                                ends it by ending a moment later
 *   schedule PRIORITY PID                        SCHED_FIFO for the main thread of the process, and one more for itself and
 *                                                all other threads that it has now, ordinary for what they start; 0:
 *                                                ordinary for all; and locks its own memory, page by page as it comes
 *                                                to use them (MCL_ONFAULT)
 * It ends at the end of its input, so that it never outlives musterd; what was written before that is still relayed.
 */
export const rawSocketsHelper = `
$0 = 'musterd: raw sockets'; $SIG{PIPE} = $SIG{INT} = $SIG{TERM} = $SIG{CHLD} = 'IGNORE';
my (%socket, $input); $input = '';
my %calls = (x86_64 => [151, 144, 28], aarch64 => [230, 119, 233], riscv64 => [230, 119, 233], ppc64le => [152, 156, 205], s390x => [152, 156, 219]);
my ($machine) = split ' ', \`uname -m\`; my $numbers = $calls{$machine};
if ($numbers && open(my $maps, '<', '/proc/self/maps')) { my @code = grep { m{ r-xp .* /} } <$maps>; close $maps;
  /^([0-9a-f]+)-([0-9a-f]+)/ && syscall($numbers->[2], hex $1, hex($2) - hex($1), 4) for @code }
sub answer { my ($id, $data) = @_;
  my $frame = pack('NC', length($data) + 1, $id) . $data;
  while (length $frame) { my $n = syswrite(STDOUT, $frame); next if !defined $n && $! == 4; exit 0 unless $n; substr($frame, 0, $n, '') } }
sub drain { my ($id) = @_; my $fh = $socket{$id} or return;
  while (1) { my $data; last unless defined recv($fh, $data, 65536, 64); answer($id, $data); } }
sub control { my ($verb, @args) = split / /, $_[0];
  if ($verb eq 'open') { my ($id, $domain, $type, $protocol, $bind, $connect) = @args; my $fh;
    my $ok = socket($fh, $domain, $type, $protocol);
    $ok &&= bind($fh, pack('H*', $bind)) if $bind ne '-';
    $ok &&= connect($fh, pack('H*', $connect)) if $connect ne '-';
    if ($ok) { $socket{$id} = $fh } else { answer(0, "failed $id " . ($! + 0)) } }
  elsif ($verb eq 'close' || $verb eq 'leave') { my $fh = delete $socket{$args[0]} or return;
    my $child = $verb eq 'leave' ? fork : undef;
    if (defined $child && $child == 0) { select(undef, undef, undef, 0.1); kill 'KILL', $$ }
    close $fh }
  elsif ($verb eq 'schedule') { my ($priority, $pid) = @args; return unless $numbers;
    my $set = sub { my ($task, $level) = @_; syscall($numbers->[1], $task + 0, $level ? 0x40000001 : 0, pack('i', $level)) };
    if (opendir(my $tasks, "/proc/$pid/task")) { $set->($_, $_ == $pid ? $priority : $priority && $priority + 1) for grep { /^[0-9]+$/ } readdir $tasks }
    syscall($numbers->[0], 7); $set->(0, $priority && $priority + 1) } }
while (1) { my $wait = ''; vec($wait, 0, 1) = 1; vec($wait, fileno($socket{$_}), 1) = 1 for keys %socket;
  next if select(my $ready = $wait, undef, undef, undef) < 0;
  if (vec($ready, 0, 1)) { my $n = sysread(STDIN, $input, 65536, length $input); exit 0 if defined $n && $n == 0;
    while (length($input) >= 5) { my ($length, $id) = unpack('NC', $input); last if length($input) < 4 + $length;
      my $payload = substr($input, 5, $length - 1); substr($input, 0, 4 + $length, '');
      if ($id == 0) { control($payload) }
      elsif (my $fh = $socket{$id}) { answer(0, "failed $id " . ($! + 0)) unless defined send($fh, $payload, 0); drain($id) } } }
  for my $id (keys %socket) { drain($id) if vec($ready, fileno($socket{$id}), 1) } }
`;
