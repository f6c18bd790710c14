/** Amazon Route 53. */
import type { AwsCredentials } from '@skein/contract/rest/account.ts';
import { othersRecords, ownedRecords } from '../change-set.ts';
import { type Dns, DnsError, type DnsProvider } from '../provider.ts';
import { reconcileRecords } from '../reconcile-records.ts';
import { route53Client } from './ask.ts';
import { applyChanges, BATCH_LIMIT, listRecordSets } from './records.ts';
import { reconcileZone, removeZone, zoneState } from './zone.ts';
import { findZones, listOwnedZones, plainZoneId } from './zone-lookup.ts';

export const route53: DnsProvider<AwsCredentials> = {
  id: 'aws',
  title: 'Amazon Route 53',
  connect(account): Dns {
    const client = route53Client(account);
    const dns: Dns = {
      async observeZone(at, context) {
        const [found] = await findZones(client, at, context);
        return found && zoneState(client, found, context);
      },
      reconcileZone: (spec, context) => reconcileZone(client, spec, context),
      async deleteZone(at, context) {
        for (const found of await findZones(client, at, context)) {
          const state = await zoneState(client, found, context);
          if (!state) continue;
          await dns.reconcileRecords(state, at.networkId, [], context);
          const others = othersRecords(
            await listRecordSets(client, state.externalId, context),
            state.name,
            at.networkId,
          );
          if (others.length > 0) {
            const names = others.map((set) => `${set.name} ${set.type}`).join(', ');
            throw new DnsError('in-use', `Zone ${state.name} still holds records of others: ${names}.`, {
              remedy: 'Delete or move them, then try again.',
            });
          }
          await removeZone(client, state.externalId, context);
        }
      },
      async listZones(owner, context) {
        const answer = [];
        for (const one of await listOwnedZones(client, owner, context)) {
          const state = await zoneState(client, one, context);
          if (state) answer.push({ ...state, networkId: one.owner.networkId, key: one.owner.key });
        }
        return answer;
      },
      listRecords: async (zone, networkId, context) =>
        ownedRecords(await listRecordSets(client, plainZoneId(zone.externalId), context), networkId),
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
