/** What a DNS service itself must bring, and what all of them do the same way over it. */
import { othersRecords, ownedRecords } from './change-set.ts';
import { type Dns, type DnsContext, DnsError, type ZoneSpec, type ZoneState } from './provider.ts';
import { type RecordService, reconcileRecords } from './reconcile-records.ts';

export interface ZoneService {
  /** Ours by this owner and name, the one to use first; more than one only where a service lets a zone be made twice. */
  find(
    at: Pick<ZoneSpec, 'organizationId' | 'networkId' | 'key' | 'name'>,
    context: DnsContext,
  ): Promise<ZoneState[]>;
  reconcile(spec: ZoneSpec, context: DnsContext): Promise<ZoneState>;
  /** Deletes a zone that holds nothing but its own records. Null where zones are not Skein's to delete. */
  remove: ((zone: ZoneState, context: DnsContext) => Promise<void>) | null;
  list: Dns['listZones'];
  records(zone: ZoneState, networkId: string, context: DnsContext): RecordService;
}

export function dnsOver(service: ZoneService): Dns {
  const dns: Dns = {
    observeZone: async (at, context) => (await service.find(at, context))[0],
    reconcileZone: (spec, context) => service.reconcile(spec, context),
    async deleteZone(at, context) {
      for (const zone of await service.find(at, context)) {
        await dns.reconcileRecords(zone, at.networkId, [], context);
        if (service.remove === null) continue;
        const left = await service.records(zone, at.networkId, context).list();
        const others = othersRecords(left, zone.name, at.networkId);
        if (others.length > 0) {
          const names = others.map((set) => `${set.name} ${set.type}`).join(', ');
          throw new DnsError('in-use', `Zone ${zone.name} still holds records of others: ${names}.`, {
            remedy: 'Delete or move them, then try again.',
          });
        }
        await service.remove(zone, context);
      }
    },
    listZones: (owner, context) => service.list(owner, context),
    listRecords: async (zone, networkId, context) =>
      ownedRecords(await service.records(zone, networkId, context).list(), networkId),
    reconcileRecords: (zone, networkId, wanted, context) =>
      reconcileRecords(
        service.records(zone, networkId, context),
        { zone: zone.name, networkId, wanted },
        context,
      ),
  };
  return dns;
}
