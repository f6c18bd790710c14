/** All resources of an account in a region. Importing this file loads the EC2 SDK: 85 MB and a fifth of a second. */
import type { Cloud } from '../provider.ts';
import { addresses } from './address.ts';
import { connectTo } from './connection.ts';
import { existingNetwork } from './existing-network.ts';
import { firewalls } from './firewall.ts';
import { instances } from './instance.ts';
import { lastChange } from './last-change.ts';
import { networks } from './network.ts';
import { peerings } from './peering.ts';
import { preflight } from './preflight.ts';
import { quotas } from './quotas.ts';
import type { AwsAccount } from './request-settings.ts';

export function resources(account: AwsAccount): Omit<Cloud, 'whoAmI' | 'holder'> {
  const connection = connectTo(account);
  return {
    preflight: (wish, context) => preflight(account, connection, wish, context),
    quotas: (context) => quotas(account, connection, context),
    lastChange: lastChange(account),
    existingNetwork: (at, context) => existingNetwork(connection, at, context),
    networks: networks(connection),
    peerings: peerings(connection),
    firewalls: firewalls(connection),
    addresses: addresses(connection),
    instances: instances(connection),
  };
}
