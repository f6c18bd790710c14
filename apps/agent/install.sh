#!/bin/sh
# Installs skein-agent on this node and joins it to a network. The coordinator serves this file.
#
#   curl -fsSL @COORDINATOR_URL@/install.sh | sh -s -- --token TOKEN [--name NAME]
#   curl -fsSL @COORDINATOR_URL@/install.sh | sh -s -- --uninstall
#
# Run again it upgrades. Every check that fails says which one it was and what to do.
set -eu

COORDINATOR='@COORDINATOR_URL@'
OPT=/opt/skein
BIN=/usr/local/bin/skein-agent
STATE=/var/lib/skein
RUN=/run/skein
UNIT=/etc/systemd/system/skein-agent.service
LOG=/var/log/skein-agent.log
# What cloud-init runs at every boot.
PER_BOOT=/var/lib/cloud/scripts/per-boot
WORK=
# What is under way, and whether its failure has been told.
CHECK=root
TOLD=

say() { printf 'skein: %s\n' "$*"; }
fail() {
  # $1: the check, $2: what was found, $3: what to do
  TOLD=yes
  printf 'skein: check failed: %s\n  found:  %s\n  remedy: %s\n' "$1" "$2" "$3" >&2
  exit 1
}
have() { command -v "$1" > /dev/null 2>&1; }
ended() {
  code=$?
  if [ -n "$WORK" ]; then rm -rf "$WORK"; fi
  if [ "$code" -ne 0 ] && [ -z "$TOLD" ]; then
    printf 'skein: check failed: %s\n  found:  a command ended with exit code %s; its words are above\n  remedy: mend what it says and run this again\n' "$CHECK" "$code" >&2
  fi
}
trap ended EXIT
trap 'TOLD=yes; exit 130' INT TERM

usage() {
  TOLD=yes
  printf 'usage: install.sh --token TOKEN [--name NAME] | --uninstall\n' >&2
  exit 2
}

# The token also comes by SKEIN_JOIN_TOKEN, which no process list shows.
TOKEN=${SKEIN_JOIN_TOKEN:-}
# The daemon would carry it in its environment for as long as it runs.
unset SKEIN_JOIN_TOKEN
NAME=
UNINSTALL=
while [ $# -gt 0 ]; do
  case $1 in
    --token) [ $# -ge 2 ] || usage; TOKEN=$2; shift 2 ;;
    --token=*) TOKEN=${1#--token=}; shift ;;
    --name) [ $# -ge 2 ] || usage; NAME=$2; shift 2 ;;
    --name=*) NAME=${1#--name=}; shift ;;
    --uninstall) UNINSTALL=yes; shift ;;
    *) usage ;;
  esac
done

with_systemd() { [ -d /run/systemd/system ] && have systemctl; }

check_root() {
  [ "$(id -u)" = 0 ] || fail root "this shell runs as $(id -un)" 'run it as root: curl … | sudo sh -s -- …'
}

check_system() {
  [ "$(uname -s)" = Linux ] || fail system "$(uname -s)" 'the agent runs on Linux; use a Linux node'
  case $(uname -m) in
    x86_64 | amd64) ARCH=x64 ;;
    aarch64 | arm64) ARCH=arm64 ;;
    *) fail architecture "$(uname -m)" 'use a node with an x86-64 or arm64 processor' ;;
  esac
  # The agent brings its own Node, which is linked with glibc.
  for libc in /lib/ld-musl-*; do
    if [ -e "$libc" ] && [ ! -e /lib64/ld-linux-x86-64.so.2 ] && [ ! -e /lib/ld-linux-aarch64.so.1 ]; then
      fail 'C library' 'musl (Alpine?) without glibc' 'use a distribution with glibc, such as Debian, Ubuntu or Fedora'
    fi
  done
}

check_token() {
  [ -n "$TOKEN" ] || fail token 'no token was given' 'copy the whole command from the dashboard, --token included'
  case $TOKEN in
    skj_*) ;;
    *) fail token 'it does not start with skj_' 'copy the whole command again, or make a new token in the dashboard' ;;
  esac
  case $TOKEN in
    *[!A-Za-z0-9_]*) fail token 'it holds a character that no token has' 'copy the whole command again' ;;
  esac
  [ ${#TOKEN} -ge 24 ] || fail token "it has only ${#TOKEN} characters" 'it was cut off; copy the whole command again'
}

# install_packages COMMAND…: gets the packages of missing commands where a package manager is there.
install_packages() {
  packages=
  for tool in "$@"; do
    case $tool in
      ip) package=iproute2; if have dnf || have yum; then package=iproute; fi ;;
      nft) package=nftables ;;
      wg) package=wireguard-tools ;;
      tar | gzip | curl | wireguard-go) package=$tool ;;
      *) package= ;;
    esac
    packages="$packages $package"
  done
  say "installing:$packages"
  # shellcheck disable=SC2086
  if have apt-get; then
    { timeout 300 apt-get install -y --no-install-recommends $packages ||
      { timeout 120 apt-get update && timeout 300 apt-get install -y --no-install-recommends $packages; }; } \
      < /dev/null > "$WORK/packages.log" 2>&1
  elif have dnf; then
    timeout 300 dnf install -y $packages < /dev/null > "$WORK/packages.log" 2>&1
  elif have yum; then
    timeout 300 yum install -y $packages < /dev/null > "$WORK/packages.log" 2>&1
  elif have zypper; then
    timeout 300 zypper --non-interactive install $packages < /dev/null > "$WORK/packages.log" 2>&1
  elif have apk; then
    timeout 300 apk add $packages < /dev/null > "$WORK/packages.log" 2>&1
  else
    echo 'no package manager known to this script' > "$WORK/packages.log"
    false
  fi || say "the packages could not be installed: $(tail -n 1 "$WORK/packages.log")"
}

check_tools() {
  missing=
  for tool in tar gzip ip nft; do have "$tool" || missing="$missing $tool"; done
  if ! have curl && ! have wget; then missing="$missing curl"; fi
  if [ -n "$missing" ]; then
    # shellcheck disable=SC2086
    install_packages $missing
  fi
  for tool in tar gzip ip nft; do
    have "$tool" || fail tools "$tool is missing" "install it (packages: iproute2 nftables tar gzip; this script tried) and run this again"
  done
  have curl || have wget || fail tools 'neither curl nor wget is here' 'install curl and run this again'
  have sha256sum || fail tools 'sha256sum is missing' 'install coreutils and run this again'
  have awk || fail tools 'awk is missing' 'install it (package gawk or mawk) and run this again'
}

# headers: those of the coordinator's answer; fetch FROM TO
headers() {
  if have curl; then
    curl -sS -o /dev/null -D - --max-time 15 "$COORDINATOR/install.sh"
  else
    wget -q -S -O /dev/null -T 15 "$COORDINATOR/install.sh" 2>&1
  fi
}
fetch() {
  if have curl; then
    curl -fsS --retry 3 --max-time 300 -o "$2" "$1"
  else
    wget -q -t 3 -T 60 -O "$2" "$1"
  fi
}

check_coordinator() {
  host=${COORDINATOR#*://}
  host=${host%%/*}
  host=${host%%:*}
  case $host in
    *[!0-9.]*)
      if have getent; then
        getent hosts "$host" > /dev/null ||
          fail 'name of the coordinator' "$host has no address" 'check /etc/resolv.conf on this node, and the DNS record of the control plane'
      fi
      ;;
  esac
  answer=$(headers 2> "$WORK/headers.log") ||
    fail 'way to the coordinator' "$(tail -n 1 "$WORK/headers.log")" "let this node reach $COORDINATOR (outgoing TCP)"
  case $answer in
    *' 200'*) ;;
    *) fail 'way to the coordinator' "$(printf '%s\n' "$answer" | head -n 1)" "see whether $COORDINATOR is Skein's coordinator" ;;
  esac
  there=$(printf '%s\n' "$answer" | sed -n 's/^ *[Dd]ate: *//p' | tr -d '\r' | tail -n 1)
  then=$(date -u -d "$there" +%s 2> /dev/null || echo)
  if [ -n "$there" ] && [ -n "$then" ]; then
    skew=$(($(date -u +%s) - then))
    [ "$skew" -ge 0 ] || skew=$((-skew))
    [ "$skew" -le 300 ] ||
      fail clock "this node's clock is $skew s away from the coordinator's" 'set the clock (for example: timedatectl set-ntp true) and run this again'
  fi
}

check_tunnel() {
  if [ -e "$STATE/enrolment.json" ] && ip link show dev skein0 > /dev/null 2>&1; then return; fi
  # One left by an install that was cut off would look like a kernel without WireGuard.
  ip link del dev skein-probe 2> /dev/null || true
  if ip link add dev skein-probe type wireguard 2> /dev/null; then
    ip link del dev skein-probe
    have wg || install_packages wg
    if have wg; then return; fi
    say 'the kernel has WireGuard, but the wg tool cannot be installed; going on with wireguard-go'
  fi
  { [ -c /dev/net/tun ] && (: <> /dev/net/tun) 2> /dev/null; } ||
    fail WireGuard 'the kernel has no WireGuard, and /dev/net/tun is missing or shut' 'modprobe wireguard or modprobe tun; in a container, pass /dev/net/tun in'
  have wireguard-go || install_packages wireguard-go
  have wireguard-go ||
    fail WireGuard 'the kernel has no WireGuard, and wireguard-go is not installed' 'install the package wireguard-go, or a kernel with WireGuard'
}

# room DIRECTORY MEGABYTES
room() {
  free=$(df -Pk "$1" | awk 'NR == 2 { print $4 }')
  [ "${free:-0}" -ge $(($2 * 1000)) ] ||
    fail 'disk space' "$((${free:-0} / 1024)) MB are free for $1" "free $2 MB there and run this again"
}
check_disk() {
  mkdir -p "$OPT"
  room "$OPT" 260
  # The archive and what is in it; another place may be named by TMPDIR.
  room "$WORK" 200
}

# Already there and the same: then nothing is fetched but the checksum.
install_agent() {
  archive="agent-linux-$ARCH.tar.gz"
  fetch "$COORDINATOR/agent/$archive.sha256" "$WORK/sha256" ||
    fail download "no $archive.sha256 at the coordinator" 'see the log of the coordinator; it may not carry this architecture'
  wanted=$(awk '{ print $1 }' "$WORK/sha256")
  if [ -e "$OPT/sha256" ] && [ "$(cat "$OPT/sha256")" = "$wanted" ] && [ -x "$OPT/node" ]; then
    say 'this agent is already installed'
  else
    say "fetching the agent for $ARCH"
    fetch "$COORDINATOR/agent/$archive" "$WORK/$archive" ||
      fail download "$archive did not come whole" 'run this again; if it stays so, look at the network between'
    got=$(sha256sum "$WORK/$archive" | awk '{ print $1 }')
    [ "$got" = "$wanted" ] ||
      fail checksum "$archive is not what the coordinator says it is" 'run this again; if it stays so, something on the way changes it'
    tar -xzf "$WORK/$archive" -C "$WORK"
    "$WORK/skein/node" --version > /dev/null 2>&1 ||
      fail 'C library' 'the agent does not start here' 'use a distribution with glibc 2.28 or newer'
    # One rename each: a running agent keeps the file it has open.
    mv -f "$WORK/skein/node" "$OPT/node"
    mv -f "$WORK/skein/agent.mjs" "$OPT/agent.mjs"
    echo "$wanted" > "$OPT/sha256"
    chmod 755 "$OPT" "$OPT/node"
  fi
  mkdir -p "$(dirname "$BIN")"
  cat > "$BIN.new" << 'WRAPPER'
#!/bin/sh
# Small heaps and no optimising compilers: the agent needs little, and the node has other work.
exec /opt/skein/node --max-semi-space-size=1 --max-old-space-size=96 --v8-pool-size=1 --optimize-for-size --no-opt --no-maglev --no-node-snapshot /opt/skein/agent.mjs "$@"
WRAPPER
  chmod 755 "$BIN.new"
  mv -f "$BIN.new" "$BIN"
}

join_network() {
  mkdir -p "$STATE"
  chmod 700 "$STATE"
  if [ -n "$NAME" ]; then
    SKEIN_JOIN_TOKEN=$TOKEN "$BIN" join --coordinator "$COORDINATOR" --name "$NAME"
  else
    SKEIN_JOIN_TOKEN=$TOKEN "$BIN" join --coordinator "$COORDINATOR"
  fi > "$WORK/join.log" 2>&1 || fail join "$(tail -n 1 "$WORK/join.log")" 'mint a new token in the dashboard where it was the token; else see the message'
  say "$(tail -n 1 "$WORK/join.log")"
}

# The daemon's process, if it runs in this node's own process namespace.
daemon_pid() {
  pid=$(cat "$RUN/agent.pid" 2> /dev/null || true)
  if [ -n "$pid" ] && kill -0 "$pid" 2> /dev/null && grep -q agent.mjs "/proc/$pid/cmdline" 2> /dev/null; then
    echo "$pid"
  fi
}

stop_daemon() {
  if with_systemd && [ -e "$UNIT" ]; then
    systemctl stop skein-agent.service > /dev/null 2>&1 || true
    return
  fi
  pid=$(daemon_pid)
  [ -n "$pid" ] || return 0
  kill -TERM "$pid" 2> /dev/null || true
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    kill -0 "$pid" 2> /dev/null || return 0
    sleep 0.5
  done
  kill -KILL "$pid" 2> /dev/null || true
}

start_daemon() {
  stop_daemon
  mkdir -p "$RUN"
  chmod 700 "$RUN"
  if with_systemd; then
    cat > "$UNIT" << 'UNIT'
[Unit]
Description=Skein agent
After=network-online.target
Wants=network-online.target
ConditionPathExists=/var/lib/skein/enrolment.json
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/local/bin/skein-agent run
Restart=on-failure
RestartSec=2
# wireguard-go goes on carrying packets while the agent is replaced.
KillMode=process

[Install]
WantedBy=multi-user.target
UNIT
    systemctl daemon-reload
    systemctl enable --quiet skein-agent.service
    systemctl restart skein-agent.service
  else
    cat > "$OPT/start" << 'START'
#!/bin/sh
# Starts skein-agent where no service manager does: a loop in a session of its own starts it again when it fails.
[ -e /var/lib/skein/enrolment.json ] || exit 0
setsid sh -c '
  while [ -e /var/lib/skein/enrolment.json ]; do
    started=$(date +%s)
    /usr/local/bin/skein-agent run && exit 0
    [ $(($(date +%s) - started)) -ge 10 ] || sleep 5
  done' > /var/log/skein-agent.log 2>&1 < /dev/null &
START
    chmod 755 "$OPT/start"
    "$OPT/start"
    if [ -d "$PER_BOOT" ]; then
      ln -sf "$OPT/start" "$PER_BOOT/skein-agent"
    else
      say "no systemd here: to start the agent at boot, run $OPT/start from an rc script"
    fi
  fi
  waited=0
  until "$BIN" status > "$WORK/status.log" 2>&1; do
    waited=$((waited + 1))
    [ "$waited" -lt 40 ] ||
      fail start "$(tail -n 1 "$WORK/status.log")" "see journalctl -u skein-agent, or $LOG"
    sleep 0.25
  done
  say 'the agent runs; see: skein-agent status'
}

# For an agent that cannot do it any more.
restore_names() {
  ours='^# Written by skein-agent'
  head -n 1 /etc/resolv.conf 2> /dev/null | grep -q "$ours" || return 0
  if [ -e "$STATE/resolv.conf.none" ]; then rm -f /etc/resolv.conf || : > /etc/resolv.conf; return 0; fi
  cat "$STATE/resolv.conf.saved" > "$WORK/resolv.conf" 2> /dev/null ||
    grep -v -e "$ours" -e '^nameserver 127\.0\.80\.53$' /etc/resolv.conf > "$WORK/resolv.conf" || true
  cat "$WORK/resolv.conf" > /etc/resolv.conf
}

restore_forwarding() {
  conf=/proc/sys/net/ipv6/conf
  [ -e "$RUN/ipv6-forwarding.saved" ] || return 0
  echo 0 > "$conf/all/forwarding" || true
  while read -r name forwarding accept_ra; do
    [ -d "$conf/$name" ] || continue
    echo "$forwarding" > "$conf/$name/forwarding" || true
    echo "$accept_ra" > "$conf/$name/accept_ra" || true
  done < "$RUN/ipv6-forwarding.saved"
}

uninstall() {
  if [ -x "$BIN" ] && [ -x "$OPT/node" ]; then
    "$BIN" leave || say 'the agent could not leave by itself; removing it all the same'
  fi
  stop_daemon
  if with_systemd && [ -e "$UNIT" ]; then
    systemctl disable --quiet skein-agent.service > /dev/null 2>&1 || true
    rm -f "$UNIT"
    systemctl daemon-reload
  fi
  restore_names
  restore_forwarding
  for plane in 0 1 2 3; do
    if ip link show dev "skein$plane" > /dev/null 2>&1; then ip link del dev "skein$plane"; fi
  done
  for rule in '5188 lookup 51881' '5189 lookup 51883' '5190 lookup main' '5191 lookup 51883'; do
    while ip rule del pref $rule 2> /dev/null; do :; done
  done
  for table in 'inet skein' 'inet skein_forwarding' 'ip skein_path' 'ip6 skein_path' 'netdev skein_relay'; do
    nft delete table $table > /dev/null 2>&1 || true
  done
  rm -rf "$OPT" "$BIN" "$LOG" "$PER_BOOT/skein-agent"
  # Either may be a mount point, which cannot go, but can be emptied.
  rm -rf "$STATE" "$RUN" 2> /dev/null || true
  say 'removed'
}

check_root
CHECK='temporary directory'
WORK=$(mktemp -d "${TMPDIR:-/tmp}/skein.XXXXXX")
if [ -n "$UNINSTALL" ]; then
  CHECK=uninstall
  uninstall
  exit 0
fi
CHECK=system
check_system
CHECK=tools
check_tools
CHECK='way to the coordinator'
check_coordinator
CHECK=WireGuard
check_tunnel
CHECK='disk space'
check_disk
CHECK=token
check_token
CHECK=install
install_agent
CHECK=join
join_network
CHECK=start
start_daemon
