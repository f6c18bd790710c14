/** PowerDNS by its HTTP API, against Debian's pdns-server. */
import { dnsCompliance } from '@skein/dns/compliance.ts';
import type { PowerDnsSet, PowerDnsZone } from '@skein/dns/powerdns/api.ts';
import { powerdns } from '@skein/dns/powerdns/powerdns.ts';
import { startPowerDns } from './name-servers.ts';
import { NO_IDENTITY } from './own-identity.ts';

dnsCompliance('PowerDNS', ['private zones'], async () => {
  const server = await startPowerDns();
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${server.url}/api/v1/servers/localhost${path}`, {
      method,
      headers: { 'x-api-key': server.apiKey },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
  const patch = (zone: string, set: PowerDnsSet) => ask('PATCH', `/zones/${zone}.`, { rrsets: [set] });
  return {
    connect: (which) =>
      powerdns.connect({
        credentials: {
          url: server.url,
          apiKey: which === 'right' ? server.apiKey : 'wrong',
          serverId: 'localhost',
        },
        endpoint: null,
        identity: NO_IDENTITY,
      }),
    servedZones: null,
    manyNames: 700,
    waiting: null,
    vpcs: [],
    foreign: {
      write: async (zone, { name, type, values }) => {
        const records = values.map((content) => ({ content, disabled: false }));
        await patch(zone.name, { name: `${name}.`, type, ttl: 60, changetype: 'REPLACE', records });
      },
      remove: async (zone, { name, type }) => {
        await patch(zone.name, { name: `${name}.`, type, changetype: 'DELETE' });
      },
      async read({ name }) {
        const { rrsets = [] } = await ask<PowerDnsZone>('GET', `/zones/${name}.`);
        return rrsets
          .filter(({ type }) => type !== 'NS' && type !== 'SOA')
          .map((set) => {
            const values = (set.records ?? []).map((one) => one.content).sort();
            return [set.name.replace(/\.$/, ''), set.type, ...values].join(' ');
          })
          .sort();
      },
      boundTo: async () => [],
      async makeZone(name) {
        await ask('POST', '/zones', { name: `${name}.`, kind: 'Native', nameservers: [] });
        return async () => (await ask<PowerDnsZone>('GET', `/zones/${name}.`)).name === `${name}.`;
      },
    },
    close: server.close,
  };
});
