/** Boots a machine that is shown a folder and makes control groups, for programs.lab.test.ts, inside a sealed place. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ground } from './packets.fixture.ts';
import { kernelRealiser } from './realise.ts';

export interface Shown {
  read: string;
  written: number;
  /** Hierarchies in which the machine's group stood, while it lived and after. */
  groups: { hierarchies: number; living: number; after: number };
}

/** As what runs containers does: a group of the machine's own in each hierarchy, another below it, and a process there. */
const GROUPS = `
own=skein-node-$(stat -Lc %i /proc/self/ns/net)
sleep 1000 > /dev/null 2>&1 < /dev/null &
child=$!
while IFS=: read -r _ controllers path; do
  [ -n "$controllers" ] || continue
  case $controllers in name=*) options=none,$controllers ;; *) options=$controllers ;; esac
  mount -t cgroup -o "$options" cgroup /mnt
  parent=/mnt\${path%/}
  mkdir -p "$parent/$own/below"
  for group in "$parent/$own" "$parent/$own/below"; do
    if [ -e "$group/cpuset.cpus" ]; then
      cat "$parent/cpuset.mems" > "$group/cpuset.mems"
      cat "$parent/cpuset.cpus" > "$group/cpuset.cpus"
    fi
  done
  echo $child > "$parent/$own/below/cgroup.procs"
  umount /mnt
done < /proc/self/cgroup
echo "$own"
`;

export default async function programs(input: { directory: string; programs: string }): Promise<Shown> {
  const realiser = await kernelRealiser({ ...input, log: (line) => process.stderr.write(`${line}\n`) });
  const machines = ground.machines.filter(({ id }) => id === 'p2');
  await realiser.realise({ ...ground, machines });
  const sh = (script: string) => realiser.run('p2', ['sh', '-c', script]);
  const read = (await sh('cat /opt/lab/below/told')).stdout;
  const written = (await sh('echo more > /opt/lab/below/told')).exit;
  const made = await sh(GROUPS);
  if (made.exit !== 0) throw new Error(made.stderr);
  const places = hierarchies();
  const own = made.stdout.trim();
  const standing = () => places.filter((place) => readdirSync(place).includes(own)).length;
  const living = standing();
  await realiser.realise({ ...ground, machines: [] });
  const after = standing();
  await realiser.close();
  return { read, written, groups: { hierarchies: places.length, living, after } };
}

function hierarchies(): string[] {
  return readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([, controllers]) => controllers)
    .map(([, controllers = '', path = '']) =>
      join('/sys/fs/cgroup', controllers.replace(/^name=/, ''), path),
    );
}
