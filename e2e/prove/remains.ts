/** What a teardown left in the clouds, asked with the official SDKs. */
import {
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
} from '@aws-sdk/client-ec2';
import { ListHostedZonesCommand, Route53Client } from '@aws-sdk/client-route-53';
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
import { AWS_ENDPOINT, gcpOptions, gcpToken, openEc2 } from './firewalls.ts';

/** Kind and id of everything that still carries the network's tags, or that Google keeps under our account. */
export async function readRemains(
  accounts: LabAccounts,
  networkId: string,
  regions: readonly string[],
): Promise<string[]> {
  return [...(await awsRemains(accounts, networkId, regions)), ...(await gcpRemains(accounts))];
}

async function awsRemains(
  accounts: LabAccounts,
  networkId: string,
  regions: readonly string[],
): Promise<string[]> {
  const remains: string[] = [];
  const Filters = [{ Name: 'tag:skein-network', Values: [networkId] }];
  for (const region of regions) {
    const client = openEc2(accounts, region);
    const instances = await client.send(new DescribeInstancesCommand({ Filters }));
    const living = (instances.Reservations ?? [])
      .flatMap((reservation) => reservation.Instances ?? [])
      .filter((one) => one.State?.Name !== 'terminated');
    remains.push(...living.map((one) => `instance ${one.InstanceId}`));
    remains.push(
      ...((await client.send(new DescribeSecurityGroupsCommand({ Filters }))).SecurityGroups ?? []).map(
        (one) => `security group ${one.GroupId}`,
      ),
    );
    remains.push(
      ...((await client.send(new DescribeAddressesCommand({ Filters }))).Addresses ?? []).map(
        (one) => `address ${one.AllocationId}`,
      ),
    );
    remains.push(
      ...((await client.send(new DescribeSubnetsCommand({ Filters }))).Subnets ?? []).map(
        (one) => `subnet ${one.SubnetId}`,
      ),
    );
    remains.push(
      ...((await client.send(new DescribeVpcsCommand({ Filters }))).Vpcs ?? []).map(
        (one) => `VPC ${one.VpcId}`,
      ),
    );
    client.destroy();
  }
  const { accessKeyId, secretAccessKey } = accounts.aws[0] as LabAccounts['aws'][0];
  const route53 = new Route53Client({
    region: 'us-east-1',
    endpoint: AWS_ENDPOINT,
    credentials: { accessKeyId, secretAccessKey },
  });
  remains.push(
    ...((await route53.send(new ListHostedZonesCommand({}))).HostedZones ?? []).map(
      (zone) => `hosted zone ${zone.Name}`,
    ),
  );
  route53.destroy();
  return remains;
}

/** The SDK warns unless told that the iteration turns the pages. */
const PAGES = { autoPaginate: false } as const;

/** The lab's Google project holds nothing but what this proof made, so anything at all is a remain. */
async function gcpRemains(accounts: LabAccounts): Promise<string[]> {
  const project = (accounts.gcp[0] as LabAccounts['gcp'][0]).project_id;
  const remains: string[] = [];
  const firewalls = new FirewallsClient(gcpOptions(accounts));
  for await (const one of firewalls.listAsync({ project }, PAGES)) remains.push(`firewall ${one.name}`);
  const networks = new NetworksClient(gcpOptions(accounts));
  for await (const one of networks.listAsync({ project }, PAGES))
    if (one.name !== 'default') remains.push(`network ${one.name}`);
  const instances = new InstancesClient(gcpOptions(accounts));
  for await (const [, scope] of instances.aggregatedListAsync({ project }, PAGES))
    remains.push(...(scope.instances ?? []).map((one) => `instance ${one.name}`));
  const subnetworks = new SubnetworksClient(gcpOptions(accounts));
  for await (const [, scope] of subnetworks.aggregatedListAsync({ project }, PAGES))
    remains.push(...(scope.subnetworks ?? []).map((one) => `subnetwork ${one.name}`));
  const addresses = new AddressesClient(gcpOptions(accounts));
  for await (const [, scope] of addresses.aggregatedListAsync({ project }, PAGES))
    remains.push(...(scope.addresses ?? []).map((one) => `address ${one.name}`));
  await Promise.all([
    firewalls.close(),
    networks.close(),
    instances.close(),
    subnetworks.close(),
    addresses.close(),
  ]);
  const dns = new DNS({ projectId: project, authClient: gcpToken(accounts) as never });
  // The library has no endpoint option; its base address is a plain property.
  Object.assign(dns, { baseUrl: `http://127.0.0.1:${INSIDE.gcp}/dns/v1` });
  const [zones] = await dns.getZones();
  remains.push(...zones.map((zone) => `managed zone ${zone.name}`));
  return remains;
}
