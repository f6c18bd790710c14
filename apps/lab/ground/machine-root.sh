# First half of a machine's boot: pid 1 in namespaces of its own, still on the host's files. Sets the link up, builds
# the machine's root, goes into it and hands over to machine-init.sh.
#
# The root holds only what a fresh Debian holds: the host's programs (an overlay over /usr), the few files of /etc that
# programs need, and empty directories for the rest. So no home, no state directory, no repository is in it.
#
# sh machine-root.sh INIT HOSTNAME ADDRESS/PREFIX ROUTER RESOLVER PROGRAMS MASKED...   in the machine's directory, which
# holds `user-data` where there is one; PROGRAMS is a folder shown as /opt/lab, or empty; descriptor 3 is told this
# process's id when the machine is up
set -eu
umask 022
init=$1 hostname=$2 address=$3 router=$4 resolver=$5 programs=$6
shift 6
read -r outer _ < /proc/self/stat
exec 4>> console 5>> exit

mount --make-rprivate /
hostname "$hostname"
# All traffic goes through the router, as in a cloud; the prefix is what a node sees of its subnet.
ip -batch - << END
link set lo up
link set eth0 up
address replace $address dev eth0 noprefixroute
route replace $router dev eth0
route replace default via $router
END
# What an earlier boot left in the namespace, as a real kernel would have forgotten it.
nft flush ruleset

# Few processes are started from here on: a machine's time to boot is the number of them.
build() {
  # A boot that was killed may have left half a disk.
  if [ ! -e complete ]; then rm -rf root usr usr-work; fi
  mkdir -p root/usr usr usr-work
  mount --bind root root
  # Made beforehand, so that an unprivileged machine need not copy directories whose owner it may not set.
  names=''
  for name in bin sbin lib share local local/bin local/sbin local/lib local/share local/etc; do
    if [ -d "/usr/$name" ] && [ ! -L "/usr/$name" ]; then names="$names usr/$name"; fi
  done
  mkdir -p $names
  read -r _ outside _ < /proc/self/uid_map
  if [ "$outside" = 0 ]; then marks=''; else marks=,userxattr; fi
  mount -t overlay overlay -o "lowerdir=/usr,upperdir=usr,workdir=usr-work$marks" root/usr
}
# Some file systems (an overlay itself, NFS) cannot hold an overlay's upper layer: then the root lies in memory.
if ! build; then
  mkdir -p memory
  mount -t tmpfs -o mode=755,size=2g tmpfs memory
  if [ -e user-data ]; then cp user-data memory/; fi
  cd memory
  build
fi

cd root
for path in "$@"; do
  if [ -d ".$path" ]; then mount -t tmpfs -o mode=000,size=4k tmpfs ".$path"; fi
done
for name in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$name" ]; then
    [ -L "$name" ] || cp -d "/$name" "$name"
  elif [ -d "/$name" ]; then
    mkdir -p "$name"
    mount --bind "/$name" "$name"
    mount -o remount,bind,ro "$name"
  fi
done
if [ ! -e ../complete ]; then
  mkdir -p dev proc sys run tmp root home opt srv mnt etc/ssl etc/systemd/system \
    var/tmp var/log var/cache var/lib/cloud/instance var/lib/cloud/scripts/per-boot var/spool
  chmod 1777 tmp var/tmp
  chmod 700 root
  ln -s /run /run/lock var/
  names=''
  for name in passwd group nsswitch.conf protocols services ethertypes host.conf gai.conf ld.so.cache ld.so.conf \
    ld.so.conf.d ssl/certs ssl/openssl.cnf ca-certificates ca-certificates.conf pki crypto-policies alternatives \
    debian_version os-release lsb-release profile profile.d bash.bashrc environment localtime timezone iproute2 \
    login.defs security pam.d pam.conf shells mime.types nftables.conf terminfo; do
    if [ -e "/etc/$name" ]; then names="$names /etc/$name"; fi
  done
  # The owner cannot be kept in an unprivileged place, and what cannot be read is not needed.
  cp -dR --parents --preserve=mode,links,timestamps $names . 2> /dev/null || :
  printf '%s\n' "$hostname" > etc/hostname
  printf '127.0.0.1 localhost\n%s %s\n' "${address%/*}" "$hostname" > etc/hosts
  printf 'nameserver %s\noptions timeout:2 attempts:2\n' "$resolver" > etc/resolv.conf
  # As Google's images have it.
  if [ "$resolver" = 169.254.169.254 ]; then echo "$resolver metadata.google.internal metadata" >> etc/hosts; fi
  if [ -e ../user-data ]; then cp ../user-data var/lib/cloud/instance/user-data.txt; fi
  : > ../complete
fi

mount -t proc proc proc
mount -t sysfs sysfs sys || mount --rbind /sys sys
mount -t tmpfs -o mode=755,size=256m tmpfs run
mount -t tmpfs -o mode=755,size=1m tmpfs dev
mkdir run/lock run/cloud-init dev/pts dev/shm dev/net
for name in null zero full random urandom tty net/tun; do
  if [ -e "/dev/$name" ]; then
    : > "dev/$name"
    mount --bind "/dev/$name" "dev/$name"
  fi
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
mount -t tmpfs -o mode=1777,size=64m tmpfs dev/shm
ln -s pts/ptmx /proc/self/fd dev/
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
if [ -n "$programs" ]; then
  mkdir -p opt/lab
  mount --bind "$programs" opt/lab
  mount -o remount,bind,ro opt/lab
fi
# From a file of its own: a descriptor on the host's file would be a way out of the root.
cp "$init" run/lab-init

pivot_root . .
umount -l .
cd /
printf '%s\n' "$outer" >&3
exec 3>&- > /dev/null 2>&1 < /dev/null
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
  sh /run/lab-init 1>&4 2>&4 4>&-
