import { NetworkManagementClient } from '@azure/arm-network';
import { ResourceManagementClient } from '@azure/arm-resources';
import { ClientSecretCredential } from '@azure/identity';
import { INSIDE } from '@skein/local/config.ts';
import type { LabAccounts } from '@skein/local/lab.ts';
import type { SeenRule } from './seen.ts';

/** The lab's authority is trusted by NODE_EXTRA_CA_CERTS, as by every process of the stand. */
function open(accounts: LabAccounts) {
  const account = accounts.azure[0] as LabAccounts['azure'][0];
  const endpoint = `https://127.0.0.1:${INSIDE.azure}`;
  const { tenantId, clientId, clientSecret, subscriptionId } = account;
  const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, {
    authorityHost: endpoint,
    disableInstanceDiscovery: true,
  });
  return { credential, subscriptionId, endpoint };
}

/** Every rule that lets something in, of every security group of the subscription, which is the prover's alone. */
export async function azureRules(accounts: LabAccounts): Promise<SeenRule[]> {
  const { credential, subscriptionId, endpoint } = open(accounts);
  const network = new NetworkManagementClient(credential, subscriptionId, { endpoint });
  const rules: SeenRule[] = [];
  for await (const group of network.networkSecurityGroups.listAll()) {
    for (const rule of group.securityRules ?? []) {
      if (rule.direction !== 'Inbound' || rule.access !== 'Allow') continue;
      const sources = rule.sourceAddressPrefixes?.length
        ? rule.sourceAddressPrefixes
        : [rule.sourceAddressPrefix ?? ''];
      const ports = rule.destinationPortRanges?.length
        ? rule.destinationPortRanges
        : [rule.destinationPortRange ?? ''];
      for (const source of sources)
        for (const port of ports)
          rules.push({
            where: group.location ?? '',
            group: group.name ?? '',
            protocol: (rule.protocol ?? '').toLowerCase(),
            ports: port.includes('-') ? port : `${port}-${port}`,
            source: source === '*' || source === 'Internet' ? '0.0.0.0/0' : source,
          });
    }
  }
  return rules;
}

/** The subscription holds nothing but what this proof made, so anything at all is a remain. */
export async function azureRemains(accounts: LabAccounts): Promise<string[]> {
  const { credential, subscriptionId, endpoint } = open(accounts);
  const client = new ResourceManagementClient(credential, subscriptionId, { endpoint });
  const remains: string[] = [];
  for await (const one of client.resources.list()) remains.push(`${one.type} ${one.name}`);
  for await (const one of client.resourceGroups.list()) remains.push(`resource group ${one.name}`);
  return remains;
}
