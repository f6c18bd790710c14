/**
 * The HTTP API of a PowerDNS authoritative server. Zones are Skein's to make and delete; private ones it does not know.
 * A change cannot demand what must stand there, so it is decided on what was read a moment before.
 */
import type { PowerDnsCredentials } from '@skein/contract/rest/account.ts';
import { type NameChange, plainName, type RecordSet } from '../change-set.ts';
import type { DnsProvider } from '../provider.ts';
import { dnsOver } from '../zone-service.ts';
import { PowerDnsApi, type PowerDnsSet } from './api.ts';
import { findZone, listOwnedZones, readZone, reconcileZone, removeZone, zoneState } from './zone.ts';

/** Of one request: the server takes 2 MB, but a small one is answered soon. */
const LIMITS = { bytes: 100_000 };

/** A record that is switched off is somebody's doing: no set of ours has one. */
const asRecordSet = ({ name, type, ttl, records = [] }: PowerDnsSet): RecordSet => ({
  name: plainName(name),
  type,
  ttlSeconds: ttl ?? 0,
  values: records.map((record) => record.content),
  plain: records.every((record) => record.disabled !== true),
});

/** What makes the change so: a set that is replaced needs no deletion before. Pure. */
export function patchOf(changes: readonly NameChange[]): PowerDnsSet[] {
  return changes.flatMap(({ remove, add }) => {
    const replaced = (set: RecordSet) => add.some((one) => one.name === set.name && one.type === set.type);
    return [
      ...remove
        .filter((set) => !replaced(set))
        .map((set) => ({ name: `${set.name}.`, type: set.type, changetype: 'DELETE' as const })),
      ...add.map((set) => ({
        name: `${set.name}.`,
        type: set.type,
        ttl: set.ttlSeconds,
        changetype: 'REPLACE' as const,
        records: set.values.map((content) => ({ content, disabled: false })),
      })),
    ];
  });
}

export const powerdns: DnsProvider<PowerDnsCredentials> = {
  connect(account) {
    const api = new PowerDnsApi(account);
    return dnsOver({
      async find(at, context) {
        const found = await findZone(api, at, context);
        return found ? [zoneState(found)] : [];
      },
      reconcile: (spec, context) => reconcileZone(api, spec, context),
      remove: (zone, context) => removeZone(api, zone.name, context),
      list: (owner, context) => listOwnedZones(api, owner, context),
      records: (zone, _networkId, context) => ({
        limits: LIMITS,
        cost: (change) => ({ bytes: JSON.stringify(patchOf([change])).length }),
        atOnce: 1,
        list: async () => ((await readZone(api, zone.name, context)).rrsets ?? []).map(asRecordSet),
        async apply(changes) {
          await api.call(
            'changing records',
            context,
            'PATCH',
            `/zones/${encodeURIComponent(`${zone.name}.`)}`,
            {
              rrsets: patchOf(changes),
            },
          );
          return undefined;
        },
        // The answer comes when the server has it; its packet cache forgets within seconds.
        settled: async () => {},
      }),
    });
  },
};
