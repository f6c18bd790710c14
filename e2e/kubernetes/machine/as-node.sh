# Makes a machine of the lab one that a kubelet can run on, and runs a service there, again whenever it ends.
#
# sh as-node.sh enter COMMAND…     in the machine's namespaces, by root of this computer
#
# A kubelet wants control groups below a root of its own. The machine gets a group in every hierarchy, named after its
# network namespace, and a view in which that group is the root. Groups outlive the machine, empty: whoever ends
# machines removes them (apps/lab/ground/groups.ts).
set -eu
verb=$1
shift

join() {
  mkdir -p "$home"
  if [ -e "$home/cpuset.cpus" ] && [ -z "$(cat "$home/cpuset.cpus")" ]; then
    cat "$parent/cpuset.mems" > "$home/cpuset.mems"
    cat "$parent/cpuset.cpus" > "$home/cpuset.cpus"
    echo 1 > "$home/cgroup.clone_children"
  fi
  echo $$ > "$home/cgroup.procs"
}

case $verb in
  enter)
    own=skein-node-$(stat -Lc %i /proc/self/ns/net)
    groups=$(cat /proc/self/cgroup)
    found=''
    mkdir -p /run/as-node
    # number:controllers:path; the line without controllers is the second version's.
    while IFS=: read -r _ controllers path; do
      [ -n "$controllers" ] || continue
      found=1
      case $controllers in name=*) options=none,$controllers ;; *) options=$controllers ;; esac
      mount -t cgroup -o "$options" cgroup /run/as-node
      parent=/run/as-node${path%/}
      case $path in */"$own") parent=${parent%/*} ;; esac
      home=$parent/$own
      # Another run on this computer may have taken the group away, empty as it still was.
      join || join
      umount /run/as-node
    done << END
$groups
END
    if [ -z "$found" ]; then
      echo 'as-node: this computer has control groups of version 2 alone; Kubernetes on the lab needs version 1' >&2
      exit 1
    fi
    exec unshare --cgroup sh "$0" inside "$@"
    ;;
  inside)
    if ! mountpoint -q /sys/fs/cgroup; then
      mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
      while IFS=: read -r _ controllers _; do
        [ -n "$controllers" ] || continue
        case $controllers in
          name=*) options=none,$controllers place=${controllers#name=} ;;
          *) options=$controllers place=$controllers ;;
        esac
        mkdir "/sys/fs/cgroup/$place"
        mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/$place"
      done < /proc/self/cgroup
      # What the kernel has but once is not a machine's to set: it sees what it would set.
      mkdir -p /run/as-node
      for each in vm/overcommit_memory=1 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 \
        kernel/keys/root_maxbytes=25000000; do
        file=/run/as-node/$(echo "${each%%=*}" | tr / -)
        echo "${each#*=}" > "$file"
        mount --bind "$file" "/proc/sys/${each%%=*}"
      done
      [ -e /dev/kmsg ] || mknod -m 600 /dev/kmsg c 1 11
      echo 1 > /proc/sys/net/ipv4/ip_forward
      mount --make-rshared /
    fi
    while :; do
      code=0
      "$@" || code=$?
      echo "as-node: $1 ended with $code"
      sleep 1
    done
    ;;
esac
