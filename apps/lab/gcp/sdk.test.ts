/** Google's own client libraries against the front end: every call Skein's provider makes. */
import {
  AddressesClient,
  FirewallsClient,
  GlobalOperationsClient,
  ImagesClient,
  InstancesClient,
  MachineTypesClient,
  NetworksClient,
  ProjectsClient,
  RegionOperationsClient,
  RegionsClient,
  RoutesClient,
  SubnetworksClient,
  ZoneOperationsClient,
  ZonesClient,
} from '@google-cloud/compute';
import { OAuth2Client } from 'google-auth-library';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fixture, startGcp } from './fixture.ts';
import { projectGcp } from './ground.ts';

const region = 'us-central1';
const zone = 'us-central1-a';
let gcp: Fixture;
let project: string;
let clients: ReturnType<typeof connect>;

function connect(fixture: Fixture) {
  // The library's own key clients ask Google's token address whatever the key file says; this one asks the lab's.
  const authClient = new OAuth2Client();
  authClient.refreshHandler = async () => ({
    access_token: await fixture.token(),
    expiry_date: Date.now() + 3_000_000,
  });
  const options = { apiEndpoint: '127.0.0.1', port: fixture.port, protocol: 'http', authClient } as never;
  return {
    networks: new NetworksClient(options),
    subnetworks: new SubnetworksClient(options),
    firewalls: new FirewallsClient(options),
    addresses: new AddressesClient(options),
    instances: new InstancesClient(options),
    routes: new RoutesClient(options),
    images: new ImagesClient(options),
    machineTypes: new MachineTypesClient(options),
    regions: new RegionsClient(options),
    zones: new ZonesClient(options),
    projects: new ProjectsClient(options),
    globalOperations: new GlobalOperationsClient(options),
    regionOperations: new RegionOperationsClient(options),
    zoneOperations: new ZoneOperationsClient(options),
  };
}

interface Started {
  latestResponse?: { name?: string | null; status?: unknown };
  name?: string | null;
}
const nameOf = (answer: unknown) => {
  const started = (answer as [Started])[0];
  return (started.latestResponse?.name ?? started.name) as string;
};
interface Ended {
  status?: unknown;
  error?: { errors?: { code?: string | null }[] | null } | null;
}
const waitGlobal = async (answer: unknown) => {
  gcp.later();
  return (await clients.globalOperations.wait({ project, operation: nameOf(answer) }))[0] as Ended;
};
const waitRegion = async (answer: unknown) => {
  gcp.later();
  return (await clients.regionOperations.wait({ project, region, operation: nameOf(answer) }))[0] as Ended;
};
const waitZone = async (answer: unknown) => {
  gcp.later();
  return (await clients.zoneOperations.wait({ project, zone, operation: nameOf(answer) }))[0] as Ended;
};

beforeAll(async () => {
  gcp = await startGcp();
  project = gcp.projectId;
  clients = connect(gcp);
});
afterAll(async () => {
  await Promise.all(Object.values(clients).map((each) => each.close()));
  await gcp.stop();
});

describe('a cluster by the compute library', () => {
  test('the catalogue is there', async () => {
    expect((await clients.projects.get({ project }))[0].name).toBe(project);
    expect((await clients.regions.list({ project }))[0].map((each) => each.name)).toContain(region);
    expect((await clients.zones.get({ project, zone }))[0].status).toBe('UP');
    expect((await clients.machineTypes.get({ project, zone, machineType: 'e2-small' }))[0].memoryMb).toBe(
      2048,
    );
    const [image] = await clients.images.getFromFamily({ project: 'debian-cloud', family: 'debian-12' });
    expect(image.selfLink).toMatch(/projects\/debian-cloud\/global\/images\/debian-12-bookworm-v\d+$/);
  });

  test('network and subnet', async () => {
    const inserted = await clients.networks.insert({
      project,
      requestId: '6f1f2d0a-0000-4000-8000-000000000001',
      networkResource: {
        name: 'net',
        description: 'skein',
        autoCreateSubnetworks: false,
        routingConfig: { routingMode: 'REGIONAL' },
      },
    });
    expect((inserted as unknown as [Started])[0].latestResponse?.status).toBe('RUNNING');
    // This once in real time: the wait ends when the operation does, and not before.
    const [ended] = await clients.globalOperations.wait({ project, operation: nameOf(inserted) });
    expect(ended.status).toBe('DONE');
    const [network] = await clients.networks.get({ project, network: 'net' });
    expect(network).toMatchObject({
      name: 'net',
      autoCreateSubnetworks: false,
      mtu: 1460,
      description: 'skein',
    });
    const subnet = await clients.subnetworks.insert({
      project,
      region,
      subnetworkResource: { name: 'sub', network: network.selfLink, ipCidrRange: '10.64.0.0/20' },
    } as never);
    expect((await waitRegion(subnet)).status).toBe('DONE');
    expect((await clients.subnetworks.get({ project, region, subnetwork: 'sub' }))[0].gatewayAddress).toBe(
      '10.64.0.1',
    );
    expect((await clients.networks.get({ project, network: 'net' }))[0].subnetworks).toHaveLength(1);
    const [routes] = await clients.routes.list({ project });
    expect(routes.map((each) => each.destRange).sort()).toEqual(['0.0.0.0/0', '10.64.0.0/20']);
  });

  test('the same request twice is one network', async () => {
    const request = {
      project,
      requestId: '6f1f2d0a-0000-4000-8000-000000000002',
      networkResource: { name: 'once', autoCreateSubnetworks: false },
    };
    const first = nameOf(await clients.networks.insert(request));
    expect(nameOf(await clients.networks.insert(request))).toBe(first);
    await waitGlobal([{ name: first }]);
    await waitGlobal(await clients.networks.delete({ project, network: 'once' }));
    await expect(clients.networks.get({ project, network: 'once' })).rejects.toMatchObject({ code: 5 });
  });

  test('firewall rules', async () => {
    const firewallResource = {
      name: 'wg',
      network: `projects/${project}/global/networks/net`,
      allowed: [{ IPProtocol: 'udp', ports: ['51820'] }],
      sourceRanges: ['198.18.64.5/32'],
      targetTags: ['gateway'],
    };
    expect((await waitGlobal(await clients.firewalls.insert({ project, firewallResource }))).status).toBe(
      'DONE',
    );
    await waitGlobal(
      await clients.firewalls.patch({
        project,
        firewall: 'wg',
        firewallResource: { sourceRanges: ['198.18.64.6', '198.18.64.7/32'] },
      }),
    );
    const [rule] = await clients.firewalls.get({ project, firewall: 'wg' });
    expect(rule).toMatchObject({
      sourceRanges: ['198.18.64.6/32', '198.18.64.7/32'],
      targetTags: ['gateway'],
      allowed: [{ IPProtocol: 'udp', ports: ['51820'] }],
      priority: 1000,
      direction: 'INGRESS',
    });
    await waitGlobal(
      await clients.firewalls.update({
        project,
        firewall: 'wg',
        firewallResource: { ...firewallResource, priority: 900 },
      }),
    );
    const [rules] = await clients.firewalls.list({ project, filter: 'name = wg' });
    expect(rules.map((each) => each.priority)).toEqual([900]);
  });

  test('a gateway with a reserved address and a member with a passing one', async () => {
    await waitRegion(
      await clients.addresses.insert({
        project,
        region,
        addressResource: { name: 'gw', labels: { skein: 'a' } },
      }),
    );
    const [address] = await clients.addresses.get({ project, region, address: 'gw' });
    expect(address).toMatchObject({ status: 'RESERVED', labels: { skein: 'a' }, addressType: 'EXTERNAL' });
    const instance = (name: string, accessConfig: object, more: object = {}) => ({
      project,
      zone,
      instanceResource: {
        name,
        machineType: `zones/${zone}/machineTypes/e2-small`,
        disks: [
          {
            boot: true,
            autoDelete: true,
            initializeParams: { sourceImage: 'projects/debian-cloud/global/images/family/debian-12' },
          },
        ],
        networkInterfaces: [
          {
            subnetwork: `projects/${project}/regions/${region}/subnetworks/sub`,
            accessConfigs: [{ type: 'ONE_TO_ONE_NAT', name: 'External NAT', ...accessConfig }],
          },
        ],
        metadata: { items: [{ key: 'startup-script', value: '#!/bin/sh\necho hello\n' }] },
        labels: { skein: 'a' },
        ...more,
      },
    });
    const gateway = await clients.instances.insert(
      instance(
        'gw-1',
        { natIP: address.address },
        { canIpForward: true, tags: { items: ['gateway'] } },
      ) as never,
    );
    const member = await clients.instances.insert(instance('node-1', {}) as never);
    expect((await waitZone(gateway)).error ?? null).toBeNull();
    await waitZone(member);
    const [shown] = await clients.instances.get({ project, zone, instance: 'gw-1' });
    expect(shown).toMatchObject({ status: 'RUNNING', canIpForward: true });
    expect(shown.networkInterfaces?.[0]).toMatchObject({
      networkIP: '10.64.0.2',
      accessConfigs: [{ natIP: address.address }],
    });
    expect((await clients.addresses.get({ project, region, address: 'gw' }))[0]).toMatchObject({
      status: 'IN_USE',
      users: [shown.selfLink],
    });
    const [output] = await clients.instances.getSerialPortOutput({ project, zone, instance: 'gw-1' });
    expect(output.contents).toBe(`booted ${shown.id}\n`);

    const ground = projectGcp(gcp.state());
    expect(ground.machines.find((each) => each.hostname === 'gw-1')).toMatchObject({
      privateAddress: '10.64.0.2',
      publicAddress: address.address,
      macAddress: '42:01:0a:40:00:02',
      forwards: true,
      userData: '#!/bin/sh\necho hello\n',
      ingress: [{ protocol: 'udp', fromPort: 51820, toPort: 51820, cidrs: ['198.18.64.5/32'] }],
      egress: [{ protocol: 'all', fromPort: 0, toPort: 65535, cidrs: ['0.0.0.0/0'] }],
    });
    const node = ground.machines.find((each) => each.hostname === 'node-1');
    expect(node).toMatchObject({ privateAddress: '10.64.0.3', forwards: false, ingress: [] });
    expect(node?.publicAddress).toMatch(/^198\.18\.(1[3-9]\d|12[89])\./);
  });

  test('lists page by page and over all zones', async () => {
    const names: (string | null | undefined)[] = [];
    for await (const each of clients.instances.listAsync({ project, zone, maxResults: 1 }))
      names.push(each.name);
    expect(names).toEqual(['gw-1', 'node-1']);
    const found: (string | null | undefined)[] = [];
    for await (const [, scoped] of clients.instances.aggregatedListAsync({
      project,
      filter: 'labels.skein = a',
    }))
      for (const each of scoped.instances ?? []) found.push(each.name);
    expect(found).toEqual(['gw-1', 'node-1']);
  });

  test('tags, labels and metadata change with the right fingerprint only', async () => {
    const at = { project, zone, instance: 'node-1' };
    const [before] = await clients.instances.get(at);
    await waitZone(
      await clients.instances.setTags({
        ...at,
        tagsResource: { items: ['gateway'], fingerprint: before.tags?.fingerprint ?? '' },
      }),
    );
    expect(projectGcp(gcp.state()).machines.find((each) => each.hostname === 'node-1')?.ingress).toHaveLength(
      1,
    );
    await expect(
      clients.instances.setTags({
        ...at,
        tagsResource: { items: [], fingerprint: before.tags?.fingerprint ?? '' },
      }),
    ).rejects.toThrow('Supplied fingerprint does not match current tags fingerprint.');
    await waitZone(
      await clients.instances.setLabels({
        ...at,
        instancesSetLabelsRequestResource: {
          labels: { skein: 'b' },
          labelFingerprint: before.labelFingerprint ?? '',
        },
      }),
    );
    await waitZone(
      await clients.instances.setMetadata({
        ...at,
        metadataResource: {
          items: [{ key: 'user-data', value: 'x' }],
          fingerprint: before.metadata?.fingerprint ?? '',
        },
      }),
    );
    const [after] = await clients.instances.get(at);
    expect(after).toMatchObject({
      labels: { skein: 'b' },
      tags: { items: ['gateway'] },
      metadata: { items: [{ key: 'user-data', value: 'x' }] },
    });
  });

  test('stop and start', async () => {
    const at = { project, zone, instance: 'node-1' };
    await waitZone(await clients.instances.stop(at));
    const [stopped] = await clients.instances.get(at);
    expect(stopped.status).toBe('TERMINATED');
    expect(stopped.networkInterfaces?.[0]?.accessConfigs?.[0]?.natIP ?? null).toBeNull();
    expect(projectGcp(gcp.state()).machines.map((each) => each.hostname)).toEqual(['gw-1']);
    await waitZone(await clients.instances.start(at));
    expect((await clients.instances.get(at))[0].status).toBe('RUNNING');
  });

  test('what is in use stays, then all of it goes', async () => {
    await expect(clients.subnetworks.delete({ project, region, subnetwork: 'sub' })).rejects.toThrow(
      'already being used by',
    );
    await expect(clients.addresses.delete({ project, region, address: 'gw' })).rejects.toThrow(
      'already being used by',
    );
    const refused = await waitGlobal(await clients.networks.delete({ project, network: 'net' })).catch(
      (error: unknown) => error,
    );
    expect(JSON.stringify(refused)).toContain('RESOURCE_IN_USE_BY_ANOTHER_RESOURCE');
    for (const instance of ['gw-1', 'node-1'])
      await waitZone(await clients.instances.delete({ project, zone, instance }));
    await waitRegion(await clients.addresses.delete({ project, region, address: 'gw' }));
    await waitGlobal(await clients.firewalls.delete({ project, firewall: 'wg' }));
    await waitRegion(await clients.subnetworks.delete({ project, region, subnetwork: 'sub' }));
    await waitGlobal(await clients.networks.delete({ project, network: 'net' }));
    const { operations: _, ...left } = gcp.state().projects[project] ?? { operations: [] };
    expect(left).toEqual({
      networks: {},
      subnetworks: {},
      firewalls: {},
      addresses: {},
      instances: {},
      zones: {},
    });
    expect(projectGcp(gcp.state())).toEqual({ realms: [], peerings: [], machines: [], zones: [] });
  });
});
