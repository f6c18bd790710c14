/** All resources of a subscription in a region. */
import type { Cloud } from '../provider.ts';
import { addresses } from './address.ts';
import { type AzureAccount, Connection } from './connection.ts';
import { existingNetwork } from './existing-network.ts';
import { firewalls } from './firewall.ts';
import { instances } from './instance.ts';
import { lastChange } from './last-change.ts';
import { networks } from './network.ts';
import { peerings } from './peering.ts';
import { preflight } from './preflight.ts';
import { quotasIn, usages } from './quotas.ts';
import { whoAmI } from './who-am-i.ts';

export function resources(account: AzureAccount): Omit<Cloud, 'holder'> {
  const connection = new Connection(account);
  return {
    whoAmI: (context) => whoAmI(connection, context),
    existingNetwork: (at, context) => existingNetwork(connection, at, context),
    preflight: (wish, context) => preflight(connection, wish, context),
    quotas: async (context) => quotasIn(await usages(connection, context)),
    lastChange: (at, since, context) => lastChange(connection, at, since, context),
    networks: networks(connection),
    peerings: peerings(connection),
    firewalls: firewalls(connection),
    addresses: addresses(connection),
    instances: instances(connection),
  };
}
