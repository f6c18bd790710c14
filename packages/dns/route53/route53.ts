/** Amazon Route 53. */
import type { AwsCredentials } from '@skein/contract/rest/account.ts';
import type { DnsProvider } from '../provider.ts';
import { dnsOver } from '../zone-service.ts';
import { openRoute53 } from './ask.ts';
import { recordService } from './records.ts';
import { reconcileZone, removeZone, zoneStates } from './zone.ts';
import { findZones, listOwnedZones } from './zone-lookup.ts';

export const route53: DnsProvider<AwsCredentials> = {
  connect(account) {
    const service = openRoute53(account);
    return dnsOver({
      async find(at, context) {
        const found = await zoneStates(service, await findZones(service, at, context), context);
        return found.map(({ state }) => state);
      },
      reconcile: (spec, context) => reconcileZone(service, spec, context),
      remove: (zone, context) => removeZone(service, zone.externalId, context),
      async list(asked, context) {
        const found = await zoneStates(service, await listOwnedZones(service, asked, context), context);
        return found.map(({ state, owner: { networkId, key } }) => ({ ...state, networkId, key }));
      },
      records: (zone, _networkId, context) => recordService(service, zone.externalId, context),
    });
  },
};
