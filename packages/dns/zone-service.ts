/** What a DNS service itself must bring, and what all of them do the same way over it. */
import { backOff, pause } from '@skein/clouds/bounded-wait.ts';
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

/** Looks at a zone that seems to be empty and is not. */
const ROUNDS = 4;

export function dnsOver(service: ZoneService): Dns {
  /** What was made seconds ago may not show yet, and must not be passed over. */
  async function lookTwice(at: Parameters<Dns['deleteZone']>[0], context: DnsContext): Promise<ZoneState[]> {
    const found = await service.find(at, context);
    if (found.length > 0 || service.remove === null) return found;
    await pause(1_000, context.signal);
    return service.find(at, context);
  }

  async function endZone(zone: ZoneState, networkId: string, context: DnsContext): Promise<void> {
    for (let round = 0; ; round++) {
      await dns.reconcileRecords(zone, networkId, [], context);
      if (service.remove === null) return;
      const left = await service.records(zone, networkId, context).list();
      const others = othersRecords(left, zone.name, networkId);
      if (others.length > 0) {
        const names = others.map((set) => `${set.name} ${set.type}`).join(', ');
        throw new DnsError('in-use', `Zone ${zone.name} still holds records of others: ${names}.`, {
          remedy: 'Delete or move them, then try again.',
        });
      }
      try {
        return await service.remove(zone, context);
      } catch (error) {
        // It holds something that did not show when it was read: look again.
        const late = error instanceof DnsError && error.code === 'in-use' && round + 1 < ROUNDS;
        if (!late) throw error;
        await pause(backOff(round, 1_000, 4_000), context.signal);
      }
    }
  }

  const dns: Dns = {
    observeZone: async (at, context) => (await service.find(at, context))[0],
    reconcileZone: (spec, context) => service.reconcile(spec, context),
    async deleteZone(at, context) {
      for (const zone of await lookTwice(at, context)) await endZone(zone, at.networkId, context);
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
