/** Makes machines through Azure's API and looks from inside them, for machines.lab.test.ts, in a sealed place. */
import { readdir } from 'node:fs/promises';
import { ComputeManagementClient } from '@azure/arm-compute';
import { DnsManagementClient } from '@azure/arm-dns';
import { NetworkManagementClient, type SecurityRule } from '@azure/arm-network';
import { PrivateDnsManagementClient } from '@azure/arm-privatedns';
import { ResourceManagementClient } from '@azure/arm-resources';
import { ClientSecretCredential } from '@azure/identity';
import { kernelRealiser } from '../ground/realise.ts';
import { startLab } from '../start.ts';
import { trustAuthority } from './trust.ts';

export interface Seen {
  consoles: string[];
  /** What machines see, by what was asked. */
  from: Record<string, string>;
  reach: Record<string, boolean>;
  switched: { off: boolean; runsAgain: string };
  gone: { group: boolean; namespaces: string[] };
  log: string[];
}

const SCRIPT = `#!/bin/sh
name=$(curl -sm 2 -H Metadata:true 'http://169.254.169.254/metadata/instance/compute/name?api-version=2021-02-01&format=text')
echo "$name boots"
`;
const G = 'group';
const Z = 'shop.skein.test';
const POLL = { updateIntervalInMs: 50 };
const location = 'westeurope';

export default async function machines({ directory }: { directory: string }): Promise<Seen> {
  const log: string[] = [];
  const realiser = await kernelRealiser({ directory: `${directory}/ground`, log: (line) => log.push(line) });
  const lab = await startLab({ directory, realiser });
  await trustAuthority(lab.caFile);
  const { tenantId, subscriptionId, clientId, clientSecret } = lab.accounts.azure;
  const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, {
    authorityHost: lab.azureUrl,
    disableInstanceDiscovery: true,
  });
  const given = [credential, subscriptionId, { endpoint: lab.azureUrl }] as const;
  const network = new NetworkManagementClient(...given);
  const compute = new ComputeManagementClient(...given);
  const { resourceGroups } = new ResourceManagementClient(...given);
  const id = (type: string, name: string) =>
    `/subscriptions/${subscriptionId}/resourceGroups/${G}/providers/Microsoft.Network/${type}/${name}`;

  await resourceGroups.createOrUpdate(G, { location });
  await network.virtualNetworks.createOrUpdate(
    G,
    'net',
    {
      location,
      addressSpace: { addressPrefixes: ['10.64.0.0/20'] },
      subnets: [
        { name: 'near', addressPrefix: '10.64.0.0/24' },
        { name: 'far', addressPrefix: '10.64.1.0/24' },
      ],
    },
    POLL,
  );
  const inbound = (name: string, priority: number, more: Partial<SecurityRule>): SecurityRule => ({
    name,
    priority,
    direction: 'Inbound',
    access: 'Allow',
    protocol: '*',
    sourceAddressPrefix: '*',
    sourcePortRange: '*',
    destinationAddressPrefix: '*',
    destinationPortRange: '*',
    ...more,
  });
  const group = (name: string, securityRules: SecurityRule[]) =>
    network.networkSecurityGroups.createOrUpdate(G, name, { location, securityRules }, POLL);
  const closing = inbound('nothing-else', 4096, { access: 'Deny' });
  await group('server', [
    inbound('tcp', 100, {
      protocol: 'Tcp',
      sourceAddressPrefix: '10.64.0.0/24',
      destinationPortRange: '7000',
    }),
    inbound('not-far', 110, { access: 'Deny', sourceAddressPrefix: '10.64.1.0/24' }),
    inbound('ping', 120, { protocol: 'Icmp' }),
    closing,
  ]);
  await group('open', []);

  const make = async (name: string, subnet: string, securityGroup: string) => {
    const address = await network.publicIPAddresses.createOrUpdate(
      G,
      `${name}-address`,
      { location, sku: { name: 'Standard' }, publicIPAllocationMethod: 'Static' },
      POLL,
    );
    const nic = await network.networkInterfaces.createOrUpdate(
      G,
      `${name}-nic`,
      {
        location,
        networkSecurityGroup: { id: id('networkSecurityGroups', securityGroup) },
        ipConfigurations: [
          {
            name: 'main',
            subnet: { id: `${id('virtualNetworks', 'net')}/subnets/${subnet}` },
            publicIPAddress: { id: address.id ?? '', deleteOption: 'Delete' },
          },
        ],
      },
      POLL,
    );
    const vm = await compute.virtualMachines.createOrUpdate(
      G,
      name,
      {
        location,
        hardwareProfile: { vmSize: 'Standard_B2s' },
        storageProfile: {
          imageReference: { publisher: 'Debian', offer: 'debian-12', sku: '12-gen2', version: 'latest' },
          osDisk: { createOption: 'FromImage', deleteOption: 'Delete' },
        },
        osProfile: {
          computerName: name,
          adminUsername: 'skein',
          adminPassword: 'not-used-1A',
          customData: Buffer.from(SCRIPT).toString('base64'),
        },
        networkProfile: { networkInterfaces: [{ id: nic.id ?? '', deleteOption: 'Delete' }] },
      },
      POLL,
    );
    return { id: vm.vmId ?? '', publicAddress: address.ipAddress ?? '' };
  };
  const [server, client, far] = await Promise.all([
    make('server', 'near', 'server'),
    make('client', 'near', 'open'),
    make('far', 'far', 'open'),
  ]);
  const privateOf = async (name: string) =>
    (await network.networkInterfaces.get(G, `${name}-nic`)).ipConfigurations?.[0]?.privateIPAddress ?? '';
  const [serverAt, clientAt] = [await privateOf('server'), await privateOf('client')];

  const dns = new DnsManagementClient(...given);
  const hidden = new PrivateDnsManagementClient(...given);
  await dns.zones.createOrUpdate(G, Z, { location: 'global' });
  await dns.recordSets.createOrUpdate(G, Z, 'gw', 'A', {
    ttl: 60,
    aRecords: [{ ipv4Address: server.publicAddress }],
  });
  await hidden.privateZones.createOrUpdate(G, Z, { location: 'global' }, POLL);
  await hidden.recordSets.createOrUpdate(G, Z, 'A', 'gw', { ttl: 60, aRecords: [{ ipv4Address: serverAt }] });
  await hidden.virtualNetworkLinks.createOrUpdate(
    G,
    Z,
    'net',
    {
      location: 'global',
      virtualNetwork: { id: id('virtualNetworks', 'net') },
      registrationEnabled: false,
    },
    POLL,
  );

  const sh = async (machine: string, script: string) =>
    (await realiser.run(machine, ['sh', '-c', script])).stdout.trim();
  const passes = async (machine: string, script: string) =>
    (await realiser.run(machine, ['sh', '-c', script])).exit === 0;
  await realiser.run(server.id, [
    'sh',
    '-c',
    "socat TCP-LISTEN:7000,fork,reuseaddr EXEC:'echo heard' > /dev/null 2>&1 &",
  ]);
  const until = async (good: () => Promise<boolean>) => {
    for (let tries = 0; tries < 100 && !(await good()); tries++)
      await new Promise((resolve) => setTimeout(resolve, 50));
  };
  const ping = (address: string) => `ping -c 1 -W 1 ${address}`;
  const connect = (address: string) =>
    `socat -T 1 - TCP:${address}:7000,connect-timeout=1 < /dev/null | grep -q heard`;
  const dig = (more = '') => `dig +time=1 +tries=1 +short ${more} gw.${Z}`;
  // The last change reaches the kernel some time after its answer.
  await until(async () => (await sh(client.id, dig())) === serverAt);
  await until(() => passes(client.id, connect(serverAt)));

  const from = {
    'private name in the network': await sh(client.id, dig()),
    'public name from the public resolver': await sh(client.id, dig('@192.0.2.53')),
    'own address': await sh(server.id, "ip -4 -br addr show scope global | awk '{print $3}'"),
    'public address by metadata': await sh(
      server.id,
      "curl -sm 2 -H Metadata:true 'http://169.254.169.254/metadata/instance/network/interface/0/ipv4/ipAddress/0/publicIpAddress?api-version=2021-02-01&format=text'",
    ),
  };
  const reach = {
    'client to server, the allowed port': await passes(client.id, connect(serverAt)),
    'client to server, the allowed port, by the public address': await passes(
      client.id,
      connect(server.publicAddress),
    ),
    'far to server, the allowed port': await passes(far.id, connect(serverAt)),
    'client to server, ping': await passes(client.id, ping(serverAt)),
    'far to server, ping denied by priority': await passes(far.id, ping(serverAt)),
    'far to client, as neighbours may by default': await passes(far.id, ping(clientAt)),
    'server to client’s public address, closed by default': await passes(
      server.id,
      ping(client.publicAddress),
    ),
  };
  const living = [server, client, far].map((each) => each.id);
  await until(async () => living.every((each) => realiser.status(each)?.userDataExit === 0));
  const consoles = living.map((each) => realiser.status(each)?.console.split('\n')[0] ?? '');

  await compute.virtualMachines.deallocate(G, 'client', POLL);
  const off = realiser.status(client.id) === undefined;
  await compute.virtualMachines.start(G, 'client', POLL);
  const view = await compute.virtualMachines.instanceView(G, 'client');
  const runsAgain = view.statuses?.find(({ code }) => code?.startsWith('PowerState'))?.code ?? '';

  await resourceGroups.delete(G, POLL);
  const own = (names: string[]) => names.filter((name) => /^(node|edge)-/.test(name));
  await until(async () => own(await readdir('/run/netns')).length === 0);
  const gone = {
    group: await resourceGroups.get(G).then(
      () => false,
      (error: { code?: string }) => error.code === 'ResourceGroupNotFound',
    ),
    namespaces: own(await readdir('/run/netns')),
  };
  await lab.close();
  await realiser.close();
  return { consoles, from, reach, switched: { off, runsAgain }, gone, log };
}
