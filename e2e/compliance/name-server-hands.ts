/** Somebody else's hands and eyes on a name server: ISC's own `nsupdate` and `dig`. */
import { execFile } from 'node:child_process';
import { EXAMPLE_SECRET, type RunningServer, SOMEBODY_SECRET } from './name-servers.ts';

/** Adds or deletes records under a key that may change whatever it likes. */
export async function asSomebody(
  server: RunningServer,
  verb: 'add' | 'delete',
  { name, type, values }: { name: string; type: string; values: string[] },
): Promise<void> {
  const lines = values.map((value) =>
    verb === 'add' ? `update add ${name} 60 ${type} ${value}` : `update delete ${name} ${type} ${value}`,
  );
  await run(
    'nsupdate',
    ['-y', `hmac-sha256:somebody:${SOMEBODY_SECRET}`],
    `server 127.0.0.1 ${server.port}\n${lines.join('\n')}\nsend\n`,
  );
}

/** All record sets of the zone but its NS and SOA, as sorted “name type values”. */
export async function readZone(server: RunningServer, zone: string): Promise<string[]> {
  const key = `hmac-sha256:skein:${EXAMPLE_SECRET}`;
  const at = ['@127.0.0.1', '-p', String(server.port), '-y', key, '+noall', '+answer', zone, 'AXFR'];
  const sets = new Map<string, string[]>();
  for (const line of (await run('dig', at, '')).split('\n')) {
    const [owner = '', , , type = '', ...value] = line.split(/\s+/);
    if (!type || ['SOA', 'NS', 'TSIG'].includes(type)) continue;
    const set = `${owner.replace(/\.$/, '')} ${type}`;
    sets.set(set, [...(sets.get(set) ?? []), value.join(' ')]);
  }
  return [...sets].map(([set, values]) => [set, ...values.sort()].join(' ')).sort();
}

/** What it printed. @throws Error with what it complained of. */
function run(program: string, args: string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { timeout: 20_000 }, (error, out, complaint) =>
      error ? reject(new Error(`${program}: ${complaint || out || error.message}`)) : resolve(out),
    );
    child.stdin?.end(input);
  });
}
