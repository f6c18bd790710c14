/** Resource Manager and Entra ID by the official SDKs, against the lab. */
import { NetworkManagementClient } from '@azure/arm-network';
import { ClientSecretCredential } from '@azure/identity';
import { azure } from '@skein/clouds/azure/azure.ts';
import { groupNameFor, nameFor } from '@skein/clouds/azure/names.ts';
import { cloudCompliance } from '@skein/clouds/compliance.ts';
import { startPaperLab } from './lab.ts';
import { NO_IDENTITY } from './own-identity.ts';

const region = 'westeurope';

cloudCompliance('Azure', async () => {
  const lab = await startPaperLab();
  const credentials = lab.accounts.azure;
  const { tenantId, clientId, clientSecret, subscriptionId } = credentials;
  const endpoint = lab.azureUrl;
  const signedIn = new ClientSecretCredential(tenantId, clientId, clientSecret, {
    authorityHost: endpoint,
    disableInstanceDiscovery: true,
  });
  const { securityRules, networkSecurityGroups } = new NetworkManagementClient(signedIn, subscriptionId, {
    endpoint,
  });
  const quick = { updateIntervalInMs: 50 };
  const byHand = {
    direction: 'Inbound',
    access: 'Allow',
    sourceAddressPrefix: '203.0.113.9',
    sourcePortRange: '*',
    destinationAddressPrefix: '*',
  };
  return {
    connect: (which) =>
      azure.connect({
        credentials: which === 'right' ? credentials : { ...credentials, clientSecret: 'x'.repeat(40) },
        endpoint,
        region,
        identity: NO_IDENTITY,
      }),
    instanceType: azure.defaultInstanceType,
    region,
    foreign: {
      holdInstances: lab.holdMachines,
      async openByHand({ externalId }) {
        const [group = '', name = ''] = [externalId.split('/')[4], externalId.split('/').at(-1)];
        const ssh = { ...byHand, protocol: 'Tcp', destinationPortRange: '22', priority: 200 };
        const ping = { ...byHand, protocol: 'Icmp', destinationPortRange: '*', priority: 201 };
        await securityRules.createOrUpdate(group, name, 'ssh', ssh, quick);
        await securityRules.createOrUpdate(group, name, 'ping', ping, quick);
      },
      async takeName({ owner, key }) {
        const [group, name] = [groupNameFor(owner), nameFor(key)];
        const made = { location: region, securityRules: [] };
        await networkSecurityGroups.createOrUpdate(group, name, made, quick);
        const read = async () => JSON.stringify(await networkSecurityGroups.get(group, name));
        const before = await read();
        return async () => (await read()) === before;
      },
    },
    close: () => lab.close(),
  };
});
