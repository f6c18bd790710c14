/** Google Cloud: custom-mode networks, firewall rules by target tag, reserved addresses and instances of Compute Engine. */
import type { GcpCredentials } from '@skein/contract/rest/account.ts';
import type { Provider } from '../provider.ts';
import { addresses } from './address.ts';
import { Connection, load } from './connection.ts';
import { existingNetwork } from './existing-network.ts';
import { firewalls } from './firewall.ts';
import { grant } from './grant.ts';
import { instances } from './instance.ts';
import { lastChange } from './last-change.ts';
import { networks } from './network.ts';
import { peerings } from './peering.ts';
import { nodeIdentityPermissions, permissions } from './permissions.ts';
import { preflight } from './preflight.ts';
import { quotas, readRegion } from './quotas.ts';
import { whoAmI } from './who-am-i.ts';

export const gcp: Provider<GcpCredentials> = {
  id: 'gcp',
  title: 'Google Cloud',
  regions: [
    { id: 'us-central1', title: 'Iowa' },
    { id: 'us-east1', title: 'South Carolina' },
    { id: 'us-east4', title: 'N. Virginia' },
    { id: 'us-west1', title: 'Oregon' },
    { id: 'us-west2', title: 'Los Angeles' },
    { id: 'northamerica-northeast1', title: 'Montréal' },
    { id: 'southamerica-east1', title: 'São Paulo' },
    { id: 'europe-west1', title: 'Belgium' },
    { id: 'europe-west2', title: 'London' },
    { id: 'europe-west3', title: 'Frankfurt' },
    { id: 'europe-west4', title: 'Netherlands' },
    { id: 'europe-north1', title: 'Finland' },
    { id: 'asia-south1', title: 'Mumbai' },
    { id: 'asia-southeast1', title: 'Singapore' },
    { id: 'asia-east1', title: 'Taiwan' },
    { id: 'asia-northeast1', title: 'Tokyo' },
    { id: 'australia-southeast1', title: 'Sydney' },
  ],
  defaultInstanceType: 'e2-small',
  permissions,
  nodeIdentityPermissions,
  grant,
  load,
  connect(account) {
    const connection = new Connection(account);
    return {
      whoAmI: (context) => whoAmI(connection, context),
      holder: () => connection.project,
      preflight: (wish, context) => preflight(connection, wish, context),
      quotas: async (context) => quotas(connection, await readRegion(connection, context), context),
      lastChange: (at, since, context) => lastChange(connection, at, since, context),
      existingNetwork: (at, context) => existingNetwork(connection, at, context),
      networks: networks(connection),
      peerings: peerings(connection),
      firewalls: firewalls(connection),
      addresses: addresses(connection),
      instances: instances(connection),
    };
  },
};
