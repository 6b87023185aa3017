/**
 * The helper behind `disk-blocks.ts`: Node cannot give a read an aligned buffer, which direct I/O needs, and through the
 * page cache a node would read what it has itself read before, not what others have written since. Perl's syscall takes
 * addresses, so the buffer is the aligned part of a string.
 *
 * Arguments: the device, the lock file. It waits until it has the lock, which an earlier helper keeps for as long as the
 * kernel holds up its last write: a write of a former life must not land after one of this life.
 * Both ways: u32 length (big-endian, of what follows), payload. Requests: `R`, u32 offset, u32 length; `W`, u32 offset,
 * bytes. Answers: `R` and bytes; `W`; `E` and the errno in digits. One after the other: nothing overtakes a write.
 * A regular file on a file system without direct I/O is taken as it is: it is shared on one machine only, whose page cache
 * all see. It loads no module: 0x4000 or 0x10000 is O_DIRECT (asm-generic, arm), 0x101000 O_SYNC, 2 O_RDWR, 2 LOCK_EX.
 */
export const diskHelper = `
$0 = 'musterd: quorum disk'; $SIG{PIPE} = $SIG{INT} = $SIG{TERM} = 'IGNORE';
my ($device, $lock) = @ARGV; my ($machine) = split ' ', \`uname -m\`;
my %calls = (x86_64 => [17, 18, 0x4000], aarch64 => [67, 68, 0x10000], riscv64 => [67, 68, 0x4000], ppc64le => [179, 180, 0x20000], s390x => [180, 181, 0x4000]);
my ($pread, $pwrite, $direct) = @{$calls{$machine} or die "no direct I/O on $machine\\n"};
open(my $held, '>>', $lock) or die "$lock: $!\\n"; 1 until flock($held, 2);
my $most = 131072; my $memory = "\\0" x ($most + 4096); my $address = unpack('J', pack('p', $memory));
my $skip = (4096 - $address % 4096) % 4096; my ($disk, $input); $input = '';
sub answer { my $frame = pack('N', length $_[0]) . $_[0];
  while (length $frame) { my $n = syswrite(STDOUT, $frame); next if !defined $n && $! == 4; exit 0 unless $n; substr($frame, 0, $n, '') } }
sub once { my ($kind, $offset, $rest) = @_;
  defined $disk or sysopen($disk, $device, 2 | $direct | 0x101000)
    or $! == 22 && -f $device && sysopen($disk, $device, 2 | 0x101000) or do { undef $disk; return 'E' . ($! + 0) };
  my $length = $kind eq 'R' ? unpack('N', $rest) : length $rest; return 'E22' if $length > $most;
  substr($memory, $skip, $length, $rest) if $kind eq 'W';
  my $n = syscall($kind eq 'R' ? $pread : $pwrite, fileno($disk), $address + $skip, $length, $offset);
  if ($n != $length) { my $error = $n < 0 ? $! + 0 : 5; undef $disk; return "E$error" }
  return $kind eq 'R' ? 'R' . substr($memory, $skip, $length) : 'W' }
while (1) { my $n = sysread(STDIN, $input, 65536, length $input); next if !defined $n && $! == 4; exit 0 unless $n;
  while (length($input) >= 4) { my $length = unpack('N', $input); last if length($input) < 4 + $length;
    my ($kind, $offset, $rest) = unpack('a1 N a*', substr($input, 4, $length)); substr($input, 0, 4 + $length, '');
    answer(once($kind, $offset, $rest)) } }
`;
