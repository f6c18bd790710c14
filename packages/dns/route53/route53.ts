/** Amazon Route 53. */
import type { AwsCredentials } from '@skein/contract/rest/account.ts';
import type { DnsProvider } from '../provider.ts';
import { dnsOver } from '../zone-service.ts';
import { openRoute53 } from './ask.ts';
import { recordService } from './records.ts';
import { reconcileZone, removeZone, zoneStates } from './zone.ts';
import { findZones, listOwnedZones } from './zone-lookup.ts';

export const route53: DnsProvider<AwsCredentials> = {
  id: 'aws',
  title: 'Amazon Route 53',
  connect(account) {
    const service = openRoute53(account);
    return dnsOver({
      find: async (at, context) => zoneStates(service, await findZones(service, at, context), context),
      reconcile: (spec, context) => reconcileZone(service, spec, context),
      remove: (zone, context) => removeZone(service, zone.externalId, context),
      list: async (owner, context) =>
        zoneStates(service, await listOwnedZones(service, owner, context), context),
      records: (zone, _networkId, context) => recordService(service, zone.externalId, context),
    });
  },
};
