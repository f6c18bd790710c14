/** Azure DNS: public zones, and private ones for virtual networks. */
import type { AzureCredentials } from '@skein/contract/rest/account.ts';
import type { DnsProvider } from '../provider.ts';
import { dnsOver } from '../zone-service.ts';
import { AzureDns } from './connection.ts';
import { placeOfState } from './place.ts';
import { recordService } from './records.ts';
import { findZone, listOwnedZones, reconcileZone, removeZone } from './zone.ts';

export const azureDns: DnsProvider<AzureCredentials> = {
  connect(account) {
    const azure = new AzureDns(account);
    return dnsOver({
      async find(at, context) {
        const found = await findZone(azure, at, context);
        return found ? [found] : [];
      },
      reconcile: (spec, context) => reconcileZone(azure, spec, context),
      remove: (zone, context) => removeZone(azure, zone, context),
      list: (owner, context) => listOwnedZones(azure, owner, context),
      records: (zone, _networkId, context) => recordService(azure, placeOfState(zone), context),
    });
  },
};
