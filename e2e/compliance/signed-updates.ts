/** The compliance bench of a name server with RFC 2136: ISC's own `nsupdate` and `dig` are the hands of somebody else. */
import { execFile } from 'node:child_process';
import { dnsCompliance } from '@skein/dns/compliance.ts';
import { rfc2136 } from '@skein/dns/rfc2136/rfc2136.ts';
import { EXAMPLE_SECRET, type RunningServer, SOMEBODY_SECRET } from './name-servers.ts';
import { NO_IDENTITY } from './own-identity.ts';

/** One for each test of the suite that needs a zone. */
const ZONES = Array.from({ length: 14 }, (_, i) => `served${i}.skein.test`);
const KEY = `hmac-sha256:skein:${EXAMPLE_SECRET}`;

interface Written {
  name: string;
  type: string;
  values: string[];
}

/** @param start serves the zones it is given, with the example key of docs/dns.md. */
export function signedUpdatesCompliance(
  title: string,
  start: (zones: readonly string[]) => Promise<RunningServer>,
): void {
  dnsCompliance(title, ['private zones', 'making zones'], async () => {
    const server = await start(ZONES);
    const update = (verb: 'add' | 'delete', { name, type, values }: Written) => {
      const lines = values.map((value) =>
        verb === 'add' ? `update add ${name} 60 ${type} ${value}` : `update delete ${name} ${type} ${value}`,
      );
      return run(
        'nsupdate',
        ['-y', `hmac-sha256:somebody:${SOMEBODY_SECRET}`],
        `server 127.0.0.1 ${server.port}\n${lines.join('\n')}\nsend\n`,
      );
    };
    return {
      connect: (which) =>
        rfc2136.connect({
          credentials: {
            server: '127.0.0.1',
            port: server.port,
            keyName: 'skein',
            algorithm: 'hmac-sha256',
            secret: which === 'right' ? EXAMPLE_SECRET : Buffer.alloc(32).toString('base64'),
          },
          endpoint: null,
          identity: NO_IDENTITY,
        }),
      servedZones: ZONES,
      vpcs: [],
      foreign: {
        write: async (_zone, record) => void (await update('add', record)),
        remove: async (_zone, record) => void (await update('delete', record)),
        async read({ name }) {
          const at = ['@127.0.0.1', '-p', String(server.port), '-y', KEY, '+noall', '+answer', name, 'AXFR'];
          const sets = new Map<string, string[]>();
          for (const line of (await run('dig', at, '')).split('\n')) {
            const [owner = '', , , type = '', ...value] = line.split(/\s+/);
            if (!type || ['SOA', 'NS', 'TSIG'].includes(type)) continue;
            const set = `${owner.replace(/\.$/, '')} ${type}`;
            sets.set(set, [...(sets.get(set) ?? []), value.join(' ')]);
          }
          return [...sets].map(([set, values]) => [set, ...values.sort()].join(' ')).sort();
        },
        boundTo: async () => [],
        makeZone: async () => {
          throw new Error('zones are made by configuration');
        },
      },
      close: server.close,
    };
  });
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
