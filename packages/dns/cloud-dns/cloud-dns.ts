/** Google Cloud DNS. */
import type { GcpCredentials } from '@skein/contract/rest/account.ts';
import type { DnsProvider } from '../provider.ts';
import { dnsOver } from '../zone-service.ts';
import { cloudDnsClient } from './connection.ts';
import { recordService } from './records.ts';
import { findZone, listOwnedZones, reconcileZone, removeZone, zoneState } from './zone.ts';

export const cloudDns: DnsProvider<GcpCredentials> = {
  connect(account) {
    const client = cloudDnsClient(account);
    return dnsOver({
      async find(at, context) {
        const found = await findZone(client, at, context);
        return found ? [zoneState(found)] : [];
      },
      reconcile: (spec, context) => reconcileZone(client, spec, context),
      remove: (zone, context) => removeZone(client, zone.externalId, context),
      list: async (asked, context) =>
        (await listOwnedZones(client, asked, context)).map(({ zone, owner: { networkId, key } }) => ({
          ...zoneState(zone),
          networkId,
          key,
        })),
      records: (zone, _networkId, context) => recordService(client, zone.externalId, context),
    });
  },
};
