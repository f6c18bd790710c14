/**
 * A name server that takes signed updates (RFC 2136, RFC 8945) and lets its zone be transferred. The zone is a person's:
 * Skein neither makes nor deletes it, and there are no private ones.
 */
import type { Rfc2136Credentials } from '@skein/contract/rest/account.ts';
import { plainName, type RecordSet } from '../change-set.ts';
import { type DnsContext, DnsError, type DnsProvider, type ZoneState } from '../provider.ts';
import { dnsOver } from '../zone-service.ts';
import { holdsZone, NameServer } from './name-server.ts';
import { MOST_UPDATE_BYTES, updateBytes, updateSections } from './update.ts';
import { CLASS, nameAt, presented, TYPE, typeName } from './wire.ts';

export const rfc2136: DnsProvider<Rfc2136Credentials> = {
  connect(account) {
    const server = new NameServer(account, () => new Date());

    async function stateOf(zoneName: string, context: DnsContext): Promise<ZoneState | undefined> {
      const zone = plainName(zoneName);
      let answer: Awaited<ReturnType<typeof server.query>>;
      try {
        answer = await server.query('looking the zone up', zone, TYPE.SOA, context);
      } catch (error) {
        // Refused to those who ask for a zone that is not there, or that they may not see: the remedy is the same.
        if (error instanceof DnsError && (error.code === 'forbidden' || error.code === 'conflict'))
          return undefined;
        throw error;
      }
      if (!holdsZone(answer, zone)) return undefined;
      const servers = await server.query('reading the zone’s name servers', zone, TYPE.NS, context);
      const nameServers = servers.records
        .slice(0, servers.answers)
        .filter((record) => record.type === TYPE.NS)
        .map((record) => nameAt(servers, record))
        .sort();
      return { externalId: zone, name: zone, visibility: 'public', nameServers };
    }

    async function list(zone: string, context: DnsContext): Promise<RecordSet[]> {
      const sets = new Map<string, RecordSet & { values: string[] }>();
      for (const { record } of await server.transfer(zone, context)) {
        if (record.class !== CLASS.IN) continue;
        const { name, type, ttlSeconds } = record;
        const set = sets.get(`${name} ${type}`) ?? {
          name,
          type: typeName(type),
          ttlSeconds,
          values: [],
          plain: true,
        };
        set.values.push(presented(record));
        sets.set(`${name} ${type}`, set);
      }
      return [...sets.values()];
    }

    return dnsOver({
      async find(at, context) {
        const state = await stateOf(at.name, context);
        return state ? [state] : [];
      },
      async reconcile(spec, context) {
        if (spec.visibility === 'private')
          throw new DnsError(
            'invalid',
            `Name server ${server.name} knows no private zones: ${spec.name} cannot be one.`,
          );
        const state = await stateOf(spec.name, context);
        if (state) return state;
        throw new DnsError('not-found', `Name server ${server.name} does not answer for ${spec.name}.`, {
          remedy:
            'Make the zone there, as its primary, and allow the key queries, updates and zone transfers; docs/dns.md shows how.',
        });
      },
      remove: null,
      async list(_owner, context) {
        // None is ours; a good key is answered all the same, if only with a refusal.
        await stateOf('', context);
        return [];
      },
      records(zone, networkId, context) {
        const at = { zone: zone.name, networkId };
        return {
          limits: { bytes: MOST_UPDATE_BYTES },
          cost: (change) => ({ bytes: updateBytes(change, at) }),
          atOnce: 1,
          list: () => list(zone.name, context),
          async apply(changes) {
            await server.update('changing records', zone.name, updateSections(changes, at), context);
            return undefined;
          },
          // The answer comes when the zone's primary serves the change.
          settled: async () => {},
        };
      },
    });
  },
};
