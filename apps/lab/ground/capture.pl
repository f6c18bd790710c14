# perl capture.pl INTERFACE FILE: writes every frame that comes in at an interface into a pcap file until SIGINT or SIGTERM.
#
# Not tcpdump: as root it insists on setting its groups, which the kernel forbids in an unprivileged user namespace.
# Prints `ready` when it listens, and at the end `dropped N`.
use strict;
use warnings;
use Socket;

my ($interface, $path) = @ARGV;
my ($AF_PACKET, $ALL, $SOL_PACKET, $STATISTICS, $OUTGOING) = (17, 3, 263, 6, 4);
my ($INDEX_OF, $STAMP_OF, $BUFFER_FORCE) = (0x8933, 0x8906, 33);

# No protocol until it is bound: frames of other interfaces must not come in between.
socket(my $socket, $AF_PACKET, SOCK_RAW, 0) or die "socket: $!\n";
my $request = pack('a16 x24', $interface);
ioctl($socket, $INDEX_OF, $request) or die "$interface: $!\n";
my $index = unpack('x16 l', $request);
setsockopt($socket, SOL_SOCKET, $BUFFER_FORCE, 64 << 20) or setsockopt($socket, SOL_SOCKET, SO_RCVBUF, 64 << 20);
bind($socket, pack('S n l S C C a8', $AF_PACKET, $ALL, $index, 0, 0, 0, '')) or die "bind: $!\n";

umask 0077;
open(my $file, '>:raw', $path) or die "$path: $!\n";
print $file pack('L S S l L L L', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1);

my $ending = 0;
$SIG{INT} = $SIG{TERM} = sub { $ending = 1 };
$| = 1;
print "ready\n";
while (1) {
  # A signal between the test and the wait must not be lost, so the wait is short; at the end what has come is read.
  my $waiting = '';
  vec($waiting, fileno($socket), 1) = 1;
  my $readable = select($waiting, undef, undef, $ending ? 0 : 0.2);
  if ($readable <= 0) { last if $ending; next }
  my $from = recv($socket, my $frame, 262144, 0);
  next unless defined $from;
  next if unpack('x10 C', $from) == $OUTGOING;
  my $stamp = pack('q q', 0, 0);
  ioctl($socket, $STAMP_OF, $stamp);
  print $file pack('L L L L', unpack('q q', $stamp), length $frame, length $frame), $frame or die "$path: $!\n";
}
close($file) or die "$path: $!\n";
my $counts = getsockopt($socket, $SOL_PACKET, $STATISTICS);
printf "dropped %d\n", (unpack('L L', $counts))[1];
