/** Microsoft Azure: a resource group a cluster, with virtual network, NSGs, public addresses and virtual machines. */
import type { AzureCredentials } from '@skein/contract/rest/account.ts';
import { lateResource } from '../late-resource.ts';
import type { Cloud, Provider } from '../provider.ts';
import { grant } from './grant.ts';
import { nodeIdentityPermissions, permissions } from './permissions.ts';

export const azure: Provider<AzureCredentials> = {
  id: 'azure',
  title: 'Microsoft Azure',
  regions: [
    { id: 'eastus', title: 'East US' },
    { id: 'eastus2', title: 'East US 2' },
    { id: 'centralus', title: 'Central US' },
    { id: 'southcentralus', title: 'South Central US' },
    { id: 'westus2', title: 'West US 2' },
    { id: 'westus3', title: 'West US 3' },
    { id: 'canadacentral', title: 'Canada Central' },
    { id: 'brazilsouth', title: 'Brazil South' },
    { id: 'northeurope', title: 'North Europe' },
    { id: 'westeurope', title: 'West Europe' },
    { id: 'uksouth', title: 'UK South' },
    { id: 'francecentral', title: 'France Central' },
    { id: 'germanywestcentral', title: 'Germany West Central' },
    { id: 'swedencentral', title: 'Sweden Central' },
    { id: 'switzerlandnorth', title: 'Switzerland North' },
    { id: 'centralindia', title: 'Central India' },
    { id: 'southeastasia', title: 'Southeast Asia' },
    { id: 'australiaeast', title: 'Australia East' },
    { id: 'japaneast', title: 'Japan East' },
    { id: 'koreacentral', title: 'Korea Central' },
    { id: 'southafricanorth', title: 'South Africa North' },
    { id: 'uaenorth', title: 'UAE North' },
  ],
  defaultInstanceType: 'Standard_B2s',
  permissions,
  nodeIdentityPermissions,
  grant,
  async load() {
    await Promise.all([
      import('./resources.ts'),
      import('./credential.ts'),
      import('@azure/arm-network'),
      import('@azure/arm-compute'),
      import('@azure/arm-resources'),
    ]);
  },
  connect(account) {
    let loaded: Promise<Omit<Cloud, 'holder'>> | undefined;
    const load = () => {
      loaded ??= import('./resources.ts').then(({ resources }) => resources(account));
      return loaded;
    };
    return {
      whoAmI: async (context) => (await load()).whoAmI(context),
      holder: () => account.credentials.subscriptionId,
      existingNetwork: async (at, context) => (await load()).existingNetwork(at, context),
      preflight: async (wish, context) => (await load()).preflight(wish, context),
      quotas: async (context) => (await load()).quotas(context),
      lastChange: async (at, since, context) => (await load()).lastChange(at, since, context),
      networks: lateResource(async () => (await load()).networks),
      peerings: lateResource(async () => (await load()).peerings),
      firewalls: lateResource(async () => (await load()).firewalls),
      addresses: lateResource(async () => (await load()).addresses),
      instances: lateResource(async () => (await load()).instances),
    };
  },
};
