/** Networks, groups of rules, addresses and interfaces through the official client. */
import { type NetworkManagementClient, restorePoller, type VirtualNetwork } from '@azure/arm-network';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AzureFixture, openFixture, POLL } from './fixture.ts';

let fixture: AzureFixture;
let network: NetworkManagementClient;
const G = 'group';
const V = 'api-version=2026-01-01';
beforeAll(async () => {
  fixture = await openFixture();
  network = fixture.network();
  await fixture.resources().resourceGroups.createOrUpdate(G, { location: 'westeurope' });
});
afterAll(() => fixture.close());

const location = 'westeurope';
const makeNetwork = (name: string, prefix: string, more: Partial<VirtualNetwork> = {}) =>
  network.virtualNetworks.createOrUpdate(
    G,
    name,
    {
      location,
      addressSpace: { addressPrefixes: [prefix] },
      subnets: [{ name: 'nodes', addressPrefix: prefix.replace(/\/\d+$/, '/24') }],
      ...more,
    },
    POLL,
  );
const makeAddress = (name: string) =>
  network.publicIPAddresses.createOrUpdate(
    G,
    name,
    { location, sku: { name: 'Standard' }, publicIPAllocationMethod: 'Static' },
    POLL,
  );
const makeInterface = (name: string, subnetId: string, more: object = {}) =>
  network.networkInterfaces.createOrUpdate(
    G,
    name,
    { location, ipConfigurations: [{ name: 'main', subnet: { id: subnetId } }], ...more },
    POLL,
  );
const id = (type: string, name: string) =>
  `/subscriptions/${fixture.lab.accounts.azure.subscriptionId}/resourceGroups/${G}/providers/Microsoft.Network/${type}/${name}`;
const path = (type: string, name: string) =>
  `/resourceGroups/${G}/providers/Microsoft.Network/${type}/${name}?${V}`;

describe('virtual networks', () => {
  test('are made with their subnets; the same again changes nothing', async () => {
    const made = await makeNetwork('net', '10.64.0.0/20', { tags: { a: 'b' } });
    expect(made).toMatchObject({
      name: 'net',
      location,
      provisioningState: 'Succeeded',
      addressSpace: { addressPrefixes: ['10.64.0.0/20'] },
      subnets: [{ name: 'nodes', addressPrefix: '10.64.0.0/24', provisioningState: 'Succeeded' }],
    });
    const again = await makeNetwork('net', '10.64.0.0/20', { tags: { a: 'b' } });
    expect(again.etag).toBe(made.etag);
    const body = {
      location,
      tags: { a: 'b' },
      properties: { addressSpace: { addressPrefixes: ['10.64.0.0/20'] } },
    };
    const raw = await fixture.ask('PUT', path('virtualNetworks', 'net'), body);
    expect([raw.status, raw.headers.get('azure-asyncoperation')]).toEqual([200, null]);
    expect(raw.body.properties.subnets).toHaveLength(1);
    expect((await network.subnets.get(G, 'net', 'nodes')).id).toBe(
      `${id('virtualNetworks', 'net')}/subnets/nodes`,
    );
    expect(fixture.realiser.ground().realms).toMatchObject([
      { cloud: 'azure', resolver: '168.63.129.16', subnets: [{ cidr: '10.64.0.0/24', router: '10.64.0.1' }] },
    ]);
  });

  test('are listed over pages', async () => {
    for (let index = 0; index < 4; index++) await makeNetwork(`many-${index}`, `10.8${index}.0.0/24`);
    const names = [];
    for await (const one of network.virtualNetworks.listAll()) names.push(one.name);
    expect(names.filter((name) => name?.startsWith('many'))).toEqual([
      'many-0',
      'many-1',
      'many-2',
      'many-3',
    ]);
  });

  test.each<[string, object, string]>([
    [
      'without a place',
      { properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } } },
      'LocationRequired',
    ],
    ['elsewhere', { location: 'atlantis' }, 'LocationNotAvailableForResourceType'],
    ['without a range', { location }, 'InvalidRequestFormat'],
    [
      'with a range that is none',
      { location, properties: { addressSpace: { addressPrefixes: ['10.0.0.0/33'] } } },
      'InvalidAddressPrefixFormat',
    ],
    ['with a field that is none', { location, properties: { colour: 'red' } }, 'InvalidRequestFormat'],
    [
      'with a subnet outside',
      {
        location,
        properties: {
          addressSpace: { addressPrefixes: ['10.0.0.0/24'] },
          subnets: [{ name: 's', properties: { addressPrefix: '10.1.0.0/24' } }],
        },
      },
      'NetcfgSubnetRangeOutsideVnet',
    ],
    [
      'with subnets that overlap',
      {
        location,
        properties: {
          addressSpace: { addressPrefixes: ['10.0.0.0/24'] },
          subnets: [
            { name: 's', properties: { addressPrefix: '10.0.0.0/25' } },
            { name: 't', properties: { addressPrefix: '10.0.0.0/26' } },
          ],
        },
      },
      'NetcfgSubnetRangesOverlap',
    ],
  ])('are refused %s', async (_, body, code) => {
    const answer = await fixture.ask('PUT', path('virtualNetworks', 'bad'), body);
    expect([answer.status, answer.body.error.code]).toEqual([400, code]);
  });

  test('what is missing is said to be missing', async () => {
    await expect(network.virtualNetworks.get(G, 'none')).rejects.toMatchObject({
      statusCode: 404,
      code: 'ResourceNotFound',
    });
    await expect(network.virtualNetworks.get('nowhere', 'none')).rejects.toMatchObject({
      code: 'ResourceGroupNotFound',
    });
    const orphan = await fixture.ask('PUT', path('virtualNetworks', 'none/subnets/s'), {
      properties: { addressPrefix: '10.0.0.0/24' },
    });
    expect([orphan.status, orphan.body.error.code]).toEqual([404, 'ParentResourceNotFound']);
    expect((await fixture.ask('DELETE', path('virtualNetworks', 'none'))).status).toBe(204);
  });
});

describe('what takes time', () => {
  test('holds the network and its subnets until it is done', async () => {
    const body = { location, properties: { addressSpace: { addressPrefixes: ['10.96.0.0/20'] } } };
    const started = await fixture.ask('PUT', path('virtualNetworks', 'busy'), body);
    expect([started.status, started.body.properties.provisioningState]).toEqual([201, 'Creating']);
    const status = await fixture.ask('GET', started.headers.get('azure-asyncoperation') ?? '');
    expect(status.body).toMatchObject({ status: 'InProgress' });
    const subnet = { properties: { addressPrefix: '10.96.1.0/24' } };
    const conflict = await fixture.ask('PUT', path('virtualNetworks', 'busy/subnets/b'), subnet);
    expect([conflict.status, conflict.body.error.code]).toEqual([409, 'AnotherOperationInProgress']);
    expect(conflict.headers.get('retry-after')).toBe('1');
    expect((await fixture.follow(started)).status).toBe('Succeeded');
    const second = await fixture.ask('PUT', path('virtualNetworks', 'busy/subnets/b'), subnet);
    expect(second.status).toBe(201);
    const while_ = await fixture.ask('DELETE', path('virtualNetworks', 'busy'));
    expect(while_.body.error.code).toBe('AnotherOperationInProgress');
    await fixture.follow(second);
    const gone = await fixture.ask('DELETE', path('virtualNetworks', 'busy'));
    expect([gone.status, gone.headers.has('azure-asyncoperation'), gone.headers.has('location')]).toEqual([
      202,
      true,
      true,
    ]);
    expect(
      (await fixture.ask('GET', path('virtualNetworks', 'busy'))).body.properties.provisioningState,
    ).toBe('Deleting');
    await fixture.follow(gone);
    expect((await fixture.ask('GET', path('virtualNetworks', 'busy'))).status).toBe(404);
  });

  test('goes on in another process, after a new start of the lab, without a second PUT', async () => {
    const poller = network.networkSecurityGroups.createOrUpdate(
      G,
      'lasting',
      { location, securityRules: [] },
      POLL,
    );
    await poller.submitted();
    const kept = await poller.serialize();
    await fixture.restart();
    const other = fixture.network();
    const restored = restorePoller(other, kept, other.networkSecurityGroups.createOrUpdate, {
      updateIntervalInMs: 30,
    });
    expect(await restored.pollUntilDone()).toMatchObject({ name: 'lasting', provisioningState: 'Succeeded' });
    const puts = fixture.requests().filter((each) => each.action.endsWith('networkSecurityGroups/write'));
    expect(puts).toHaveLength(1);
    await network.networkSecurityGroups.delete(G, 'lasting', POLL);
  });
});

describe('public addresses and interfaces', () => {
  test('join network, group and address, and hold them', async () => {
    const { id: subnetId = '' } = (await makeNetwork('joined', '10.65.0.0/20')).subnets?.[0] ?? {};
    await network.networkSecurityGroups.createOrUpdate(G, 'gateway', { location, securityRules: [] }, POLL);
    const address = await makeAddress('gw');
    expect(address.ipAddress).toMatch(/^198\.19\.\d+\.\d+$/);
    expect((await makeAddress('gw-2')).ipAddress).not.toBe(address.ipAddress);
    const nic = await network.networkInterfaces.createOrUpdate(
      G,
      'nic',
      {
        location,
        enableIPForwarding: true,
        networkSecurityGroup: { id: id('networkSecurityGroups', 'gateway') },
        ipConfigurations: [
          {
            name: 'main',
            primary: true,
            subnet: { id: subnetId },
            publicIPAddress: { id: address.id ?? '', deleteOption: 'Detach' },
          },
        ],
      },
      POLL,
    );
    expect(nic).toMatchObject({
      enableIPForwarding: true,
      ipConfigurations: [
        {
          privateIPAddress: '10.65.0.4',
          subnet: { id: subnetId },
          publicIPAddress: { id: address.id, deleteOption: 'Detach' },
        },
      ],
    });
    const logged = fixture
      .requests()
      .findLast((each) => each.action === 'Microsoft.Network/networkInterfaces/write');
    expect(logged?.linked).toEqual([
      'Microsoft.Network/virtualNetworks/subnets/join/action',
      'Microsoft.Network/publicIPAddresses/join/action',
      'Microsoft.Network/networkSecurityGroups/join/action',
    ]);
    expect((await makeInterface('second', subnetId)).ipConfigurations?.[0]?.privateIPAddress).toBe(
      '10.65.0.5',
    );

    for (const [what, remove, code] of [
      [
        'subnets/nodes',
        () => network.subnets.delete(G, 'joined', 'nodes', POLL),
        'InUseSubnetCannotBeDeleted',
      ],
      ['network', () => network.virtualNetworks.delete(G, 'joined', POLL), 'InUseSubnetCannotBeDeleted'],
      ['address', () => network.publicIPAddresses.delete(G, 'gw', POLL), 'PublicIPAddressCannotBeDeleted'],
      [
        'group',
        () => network.networkSecurityGroups.delete(G, 'gateway', POLL),
        'InUseNetworkSecurityGroupCannotBeDeleted',
      ],
    ] as const) {
      const refused = await Promise.resolve(remove()).catch((error: unknown) => error);
      expect([what, refused]).toEqual([
        what,
        expect.objectContaining({
          code,
          message: expect.stringContaining(`${id('networkInterfaces', 'nic')}`),
        }),
      ]);
    }
    const taken = await fixture.ask('PUT', path('networkInterfaces', 'thief'), {
      location,
      properties: {
        ipConfigurations: [
          { name: 'main', properties: { subnet: { id: subnetId }, publicIPAddress: { id: address.id } } },
        ],
      },
    });
    expect(taken.body.error.code).toBe('PublicIPAddressInUse');
    const lost = await fixture.ask('PUT', path('networkInterfaces', 'lost'), {
      location,
      properties: { ipConfigurations: [{ name: 'main', properties: { subnet: { id: `${subnetId}x` } } }] },
    });
    expect(lost.body.error.code).toBe('InvalidResourceReference');

    await network.networkInterfaces.delete(G, 'second', POLL);
    await network.networkInterfaces.delete(G, 'nic', POLL);
    await network.publicIPAddresses.delete(G, 'gw', POLL);
    await network.virtualNetworks.delete(G, 'joined', POLL);
  });

  test('of the old kind are not sold any more', async () => {
    await expect(
      network.publicIPAddresses.createOrUpdate(G, 'basic', { location, sku: { name: 'Basic' } }, POLL),
    ).rejects.toMatchObject({ code: 'IPv4BasicSkuPublicIpCountLimitReached' });
  });
});

describe('deleting the group', () => {
  test('takes everything in it', async () => {
    await fixture.resources().resourceGroups.delete(G, POLL);
    expect(await fixture.ask('GET', `/resources?api-version=2025-04-01`)).toMatchObject({
      body: { value: [] },
    });
    expect(fixture.realiser.ground().realms).toEqual([]);
  });
});
