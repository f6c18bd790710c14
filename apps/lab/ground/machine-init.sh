# Second half of a machine's boot, inside its root: runs what cloud-init would run and then reaps, as pid 1 must.
# User-data runs once in a machine's life, the scripts in /var/lib/cloud/scripts/per-boot at every boot.
# stdout and stderr are the console; descriptor 5 takes user-data's exit code.
cloud=/var/lib/cloud/instance
for script in /var/lib/cloud/scripts/per-boot/*; do
  if [ -x "$script" ]; then "$script" 5>&- || echo "lab: $script ended with $?"; fi
done
if [ -e "$cloud/user-data.txt" ] && [ ! -e "$cloud/user-data-ran" ]; then
  : > "$cloud/user-data-ran"
  cp "$cloud/user-data.txt" "$cloud/part-001"
  chmod 700 "$cloud/part-001"
  code=1
  case $(head -c 2 "$cloud/part-001") in
    '#!') "$cloud/part-001" 5>&-; code=$? ;;
    *) echo 'lab: user-data is no script (its first line does not begin with #!), so it was not run' ;;
  esac
  echo "$code" >&5
  echo "lab: user-data ended with $code"
fi
exec 5>&-
date > "$cloud/boot-finished"
echo '{"v1": {"datasource": "DataSourceLab", "errors": []}}' > /run/cloud-init/result.json
: > /run/cloud-init/instance-data.json
sleep infinity &
# A shell's `wait` reaps every child it has, also those it inherited; the loop is for a wait that a signal ends.
while :; do wait $!; done
