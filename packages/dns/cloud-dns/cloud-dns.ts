/** Google Cloud DNS. */
import type { GcpCredentials } from '@skein/contract/rest/account.ts';
import { othersRecords, ownedRecords } from '../change-set.ts';
import { type Dns, DnsError, type DnsProvider } from '../provider.ts';
import { reconcileRecords } from '../reconcile-records.ts';
import { cloudDnsClient } from './connection.ts';
import { applyChanges, BATCH_LIMIT, listRecordSets } from './records.ts';
import { findZone, listOwnedZones, reconcileZone, removeZone, zoneState } from './zone.ts';

export const cloudDns: DnsProvider<GcpCredentials> = {
  id: 'gcp',
  title: 'Google Cloud DNS',
  connect(account): Dns {
    const client = cloudDnsClient(account);
    const dns: Dns = {
      async observeZone(at, context) {
        const found = await findZone(client, at, context);
        return found && zoneState(found);
      },
      reconcileZone: (spec, context) => reconcileZone(client, spec, context),
      async deleteZone(at, context) {
        const found = await findZone(client, at, context);
        if (!found) return;
        const state = zoneState(found);
        await dns.reconcileRecords(state, at.networkId, [], context);
        const others = othersRecords(
          await listRecordSets(client, found.name, context),
          state.name,
          at.networkId,
        );
        if (others.length > 0) {
          const names = others.map((set) => `${set.name} ${set.type}`).join(', ');
          throw new DnsError('in-use', `Zone ${state.name} still holds records of others: ${names}.`, {
            remedy: 'Delete or move them, then try again.',
          });
        }
        await removeZone(client, found.name, context);
      },
      listZones: async (owner, context) =>
        (await listOwnedZones(client, owner, context)).map(({ zone, owner: { networkId, key } }) => ({
          ...zoneState(zone),
          networkId,
          key,
        })),
      listRecords: async (zone, networkId, context) =>
        ownedRecords(await listRecordSets(client, zone.externalId, context), networkId),
      reconcileRecords: (zone, networkId, wanted, context) =>
        reconcileRecords(
          {
            limit: BATCH_LIMIT,
            list: () => listRecordSets(client, zone.externalId, context),
            apply: (changes) => applyChanges(client, zone.externalId, changes, context),
          },
          { zone: zone.name, networkId, wanted },
          context,
        ),
    };
    return dns;
  },
};
