#!/bin/sh
# Does on a machine of the lab what k3s's installer (get.k3s.io) does on a real one, from what lies beside it:
#
#   curl -sfL file:///opt/lab/k3s-install.sh | INSTALL_K3S_VERSION=… K3S_TOKEN=… sh -s - server --cluster-cidr …
#
# Its environment, files and names are the installer's; in systemd's place as-node.sh keeps the service running.
set -eu
home=/opt/lab
release=${INSTALL_K3S_VERSION:-$(ls "$home/releases" | sort -V | tail -1)}

fail() {
  echo "k3s-install: $*" >&2
  exit 1
}

[ -x "$home/releases/$release/k3s" ] || fail "this lab has no $release, but $(ls "$home/releases" | tr '\n' ' ')"
# shellcheck disable=SC2086 # words of options
[ $# -gt 0 ] || set -- ${INSTALL_K3S_EXEC:-}
case ${1:-} in
  server | agent) role=$1; shift ;;
  '' | -*) if [ -n "${K3S_URL:-}" ]; then role=agent; else role=server; fi ;;
  *) fail "$1: say server or agent" ;;
esac
if [ "$role" = server ]; then service=k3s; else service=k3s-agent; fi

for name in k3s kubectl ctr; do ln -sf "$home/releases/$release/k3s" "/usr/local/bin/$name"; done
images=/var/lib/rancher/k3s/agent/images
mkdir -p "$images"
for image in "$home"/images/*.tar; do ln -sf "$image" "$images/"; done

# What the service is told beside its options. Later installers read it, so the name is theirs.
settings=/etc/systemd/system/$service.service.env
(
  umask 077
  env | sed -n "s/'/'\\\\''/g; s/^\(K3S_[A-Z_]*\)=\(.*\)$/\1='\2'/p" > "$settings"
)
words=$role
for word in "$@"; do words="$words '$(printf %s "$word" | sed "s/'/'\\\\''/g")'"; done
start=/usr/local/lib/$service-start
cat > "$start" << END
#!/bin/sh
set -a
. $settings
set +a
echo \$\$ > /run/$service.pid
exec sh $home/as-node.sh enter /usr/local/bin/k3s $words
END
chmod 755 "$start"
uninstall=/usr/local/bin/$service-uninstall.sh
cat > "$uninstall" << END
#!/bin/sh
[ ! -e /run/$service.pid ] || kill -s KILL -- "-\$(cat /run/$service.pid)"
rm -rf /run/$service.pid /etc/rancher /var/lib/rancher $settings $start /var/lib/cloud/scripts/per-boot/$service $uninstall
END
chmod 755 "$uninstall"
boot=/var/lib/cloud/scripts/per-boot/$service
printf '#!/bin/sh\nsetsid %s >> /var/log/%s.log 2>&1 < /dev/null &\n' "$start" "$service" > "$boot"
chmod 755 "$boot"
if [ -n "${INSTALL_K3S_SKIP_START:-}" ]; then exit 0; fi

# Containers go on while their k3s is replaced: their parents are processes of their own.
if [ -e "/run/$service.pid" ]; then
  old=$(cat "/run/$service.pid")
  kill -s TERM -- "-$old" 2> /dev/null || :
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    kill -s 0 -- "-$old" 2> /dev/null || break
    sleep 0.5
  done
  kill -s KILL -- "-$old" 2> /dev/null || :
  # A file of the service that ends must not be taken for one of the service that starts.
  if [ "$role" = server ]; then rm -f /etc/rancher/k3s/k3s.yaml; fi
fi
setsid "$start" >> "/var/log/$service.log" 2>&1 < /dev/null &

# A service of systemd's that says when it is ready: whoever starts it waits for that.
ready() {
  if [ "$role" = server ]; then
    [ -e /etc/rancher/k3s/k3s.yaml ] && [ -e /var/lib/rancher/k3s/agent/kubelet.kubeconfig ] && k3s kubectl get --raw /readyz > /dev/null 2>&1
  else
    [ -e /var/lib/rancher/k3s/agent/kubelet.kubeconfig ]
  fi
}
tries=0
until ready; do
  tries=$((tries + 1))
  [ "$tries" -lt 1500 ] || fail "$service is not ready after five minutes: $(tail -5 "/var/log/$service.log")"
  sleep 0.2
done
echo "k3s-install: $release runs as $service"
