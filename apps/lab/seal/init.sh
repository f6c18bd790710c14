# First process of the sealed place. A shell and not Node: Node reaps only children it started, and this process
# inherits every orphan of the place (a shell's `wait` reaps them all), for 1 MB instead of 50.
#
# sh init.sh ADDRESSES RESOLVER GRACE_SECONDS COMMAND...   descriptor 3: open as long as the starter wants the place
set -eu
addresses=$1 resolver=$2 grace=$3
shift 3

mount -t proc proc /proc
# The host's sockets under /run are none of the place's business; `ip netns` wants a directory of its own.
mount -t tmpfs -o mode=755,size=64m tmpfs /run
mkdir -p /run/netns /run/lock
ip link set lo up
for address in $addresses; do ip address add "$address/32" dev lo; done

# The host's name servers cannot be reached from here, and waiting for them would look like a hang.
printf 'nameserver %s\noptions timeout:1 attempts:1\n' "$resolver" > /run/seal-resolv.conf
names=$(readlink -f /etc/resolv.conf || true)
case $names in
  /run/*) mkdir -p "$(dirname "$names")"; cp /run/seal-resolv.conf "$names" ;;
  /*) if [ -e "$names" ]; then mount --bind /run/seal-resolv.conf "$names"; fi ;;
esac

stopping=''
trap 'stopping=1' TERM
# Without the descriptor's detour a shell gives a background command /dev/null for its input.
exec 4<&0
"$@" <&4 3<&- 4<&- &
command=$!
exec 4<&-
# The starter closing its end, or being gone, is the wish to end.
(read -r _ <&3 || :; kill -TERM 1) > /dev/null 2>&1 &
exec 3<&-

asked=''
while :; do
  code=0
  wait "$command" || code=$?
  kill -0 "$command" 2> /dev/null || exit "$code"
  if [ -n "$stopping" ] && [ -z "$asked" ]; then
    asked=1
    kill -TERM "$command" 2> /dev/null || :
    (sleep "$grace"; kill -KILL "$command") > /dev/null 2>&1 &
  fi
done
