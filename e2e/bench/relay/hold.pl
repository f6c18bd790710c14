# hold.pl: holds port 51820 and reads nothing, so that the kernel counts what arrives; every second greets port 20001 of
# the relay, by which a relay learns where it is.
use strict;
use Socket;
my ($relay, $port) = @ARGV;
socket(my $socket, AF_INET, SOCK_DGRAM, 17) or die "socket: $!";
bind($socket, sockaddr_in(51820, INADDR_ANY)) or die "bind: $!";
while (1) {
  send($socket, "\x01\0\0\0hello", 0, sockaddr_in($port, inet_aton($relay)));
  sleep 1;
}
