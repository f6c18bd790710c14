/** The compliance bench of a name server with RFC 2136: ISC's own `nsupdate` and `dig` are the hands of somebody else. */
import { dnsCompliance } from '@skein/dns/compliance.ts';
import { rfc2136 } from '@skein/dns/rfc2136/rfc2136.ts';
import { asSomebody, readZone } from './name-server-hands.ts';
import { EXAMPLE_SECRET, type RunningServer } from './name-servers.ts';
import { NO_IDENTITY } from './own-identity.ts';

/** One for each test of the suite that needs a zone. */
const ZONES = Array.from({ length: 14 }, (_, i) => `served${i}.skein.test`);

/** @param start serves the zones it is given, with the example key of docs/dns.md. */
export function signedUpdatesCompliance(
  title: string,
  start: (zones: readonly string[]) => Promise<RunningServer>,
): void {
  dnsCompliance(title, ['private zones', 'making zones'], async () => {
    const server = await start(ZONES);
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
      manyNames: 700,
      waiting: null,
      vpcs: [],
      foreign: {
        write: (_zone, record) => asSomebody(server, 'add', record),
        remove: (_zone, record) => asSomebody(server, 'delete', record),
        read: ({ name }) => readZone(server, name),
        boundTo: async () => [],
        makeZone: async () => {
          throw new Error('zones are made by configuration');
        },
      },
      close: server.close,
    };
  });
}
