import {
  AddressesClient,
  FirewallsClient,
  InstancesClient,
  NetworksClient,
  SubnetworksClient,
} from '@google-cloud/compute';
import { DNS } from '@google-cloud/dns';
import { INSIDE } from '@skein/local/config.ts';
import type { LabAccounts } from '@skein/local/lab.ts';
import { JWT } from 'google-auth-library';
import type { SeenRule } from './seen.ts';

/** The SDK warns unless told that the iteration turns the pages. */
const PAGES = { autoPaginate: false } as const;
const projectOf = (accounts: LabAccounts) => (accounts.gcp[0] as LabAccounts['gcp'][0]).project_id;

/** Signs its own tokens (AIP-4111): the library would ask Google's own address for others, whatever the key file says. */
function tokenFor(accounts: LabAccounts): JWT {
  const account = accounts.gcp[0] as LabAccounts['gcp'][0];
  const token = new JWT({
    email: account.client_email,
    key: account.private_key,
    scopes: ['https://www.googleapis.com/auth/cloud-platform'],
  });
  token.useJWTAccessWithScope = true;
  return token;
}

/** Options for any @google-cloud/compute client that is to speak to the lab. */
function optionsFor(accounts: LabAccounts) {
  return {
    apiEndpoint: '127.0.0.1',
    port: INSIDE.gcp,
    protocol: 'http',
    projectId: projectOf(accounts),
    authClient: tokenFor(accounts),
  } as never;
}

/** Every ingress rule of the project, which is the prover's alone. */
export async function gcpRules(accounts: LabAccounts, region: string): Promise<SeenRule[]> {
  const client = new FirewallsClient(optionsFor(accounts));
  const rules: SeenRule[] = [];
  for await (const firewall of client.listAsync({ project: projectOf(accounts) }, PAGES)) {
    if (firewall.direction === 'EGRESS') continue;
    for (const allowed of firewall.allowed ?? []) {
      for (const source of [...(firewall.sourceRanges ?? []), ...(firewall.sourceTags ?? [])]) {
        for (const ports of allowed.ports?.length ? allowed.ports : ['all']) {
          rules.push({
            where: region,
            group: firewall.name ?? '',
            protocol: allowed.IPProtocol ?? '',
            ports: ports.includes('-') ? ports : `${ports}-${ports}`,
            source,
          });
        }
      }
    }
  }
  await client.close();
  return rules;
}

/** The project holds nothing but what this proof made, so anything at all is a remain. */
export async function gcpRemains(accounts: LabAccounts): Promise<string[]> {
  const project = projectOf(accounts);
  const options = optionsFor(accounts);
  const remains: string[] = [];
  const firewalls = new FirewallsClient(options);
  for await (const one of firewalls.listAsync({ project }, PAGES)) remains.push(`firewall ${one.name}`);
  const networks = new NetworksClient(options);
  for await (const one of networks.listAsync({ project }, PAGES))
    if (one.name !== 'default') remains.push(`network ${one.name}`);
  const instances = new InstancesClient(options);
  for await (const [, scope] of instances.aggregatedListAsync({ project }, PAGES))
    remains.push(...(scope.instances ?? []).map((one) => `instance ${one.name}`));
  const subnetworks = new SubnetworksClient(options);
  for await (const [, scope] of subnetworks.aggregatedListAsync({ project }, PAGES))
    remains.push(...(scope.subnetworks ?? []).map((one) => `subnetwork ${one.name}`));
  const addresses = new AddressesClient(options);
  for await (const [, scope] of addresses.aggregatedListAsync({ project }, PAGES))
    remains.push(...(scope.addresses ?? []).map((one) => `address ${one.name}`));
  const clients = [firewalls, networks, instances, subnetworks, addresses];
  await Promise.all(clients.map((client) => client.close()));
  const dns = new DNS({ projectId: project, authClient: tokenFor(accounts) as never });
  // The library has no endpoint option; its base address is a plain property.
  Object.assign(dns, { baseUrl: `http://127.0.0.1:${INSIDE.gcp}/dns/v1` });
  const [zones] = await dns.getZones();
  return [...remains, ...zones.map((zone) => `managed zone ${zone.name}`)];
}
