# flood.pl ADDRESS PORT BYTES: sends datagrams like WireGuard's from port 51820 as fast as it can, until it is ended.
use strict;
use Socket;
my ($address, $port, $bytes) = @ARGV;
socket(my $socket, AF_INET, SOCK_DGRAM, 17) or die "socket: $!";
bind($socket, sockaddr_in(51820, INADDR_ANY)) or die "bind: $!";
connect($socket, sockaddr_in($port, inet_aton($address))) or die "connect: $!";
my $payload = "\x04\0\0\0" . ("\0" x ($bytes - 4));
# struct mmsghdr of one iovec each, 256 times (sendmmsg(2)).
my $vector = pack('P Q', $payload, $bytes);
my $messages = pack('Q L x4 P Q Q Q l x4 L x4', 0, 0, $vector, 1, 0, 0, 0, 0) x 256;
my $SENDMMSG = `uname -m` =~ /aarch64/ ? 269 : 307;
syscall($SENDMMSG, fileno $socket, $messages, 256, 0) while 1;
