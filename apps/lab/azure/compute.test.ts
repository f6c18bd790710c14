/** Virtual machines through the official client, on a paper ground: what is asked, refused, shown, and projected. */
import type { ComputeManagementClient, VirtualMachine } from '@azure/arm-compute';
import type { NetworkManagementClient } from '@azure/arm-network';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AzureFixture, openFixture, POLL } from './fixture.ts';

let fixture: AzureFixture;
let compute: ComputeManagementClient;
let network: NetworkManagementClient;
let subnetId = '';
const G = 'group';
const location = 'westeurope';
const V = 'api-version=2026-04-01';
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOqHG0000000000000000000000000000000000000000 x';

beforeAll(async () => {
  fixture = await openFixture();
  compute = fixture.compute();
  network = fixture.network();
  await fixture.resources().resourceGroups.createOrUpdate(G, { location });
  const made = await network.virtualNetworks.createOrUpdate(
    G,
    'net',
    {
      location,
      addressSpace: { addressPrefixes: ['10.64.0.0/20'] },
      subnets: [{ name: 'nodes', addressPrefix: '10.64.0.0/24' }],
    },
    POLL,
  );
  subnetId = made.subnets?.[0]?.id ?? '';
});
afterAll(() => fixture.close());

const id = (type: string, name: string) =>
  `/subscriptions/${fixture.lab.accounts.azure.subscriptionId}/resourceGroups/${G}/providers/${type}/${name}`;
const path = (name: string, what = '') =>
  `/resourceGroups/${G}/providers/Microsoft.Compute/virtualMachines/${name}${what}?${V}`;

async function makeInterface(name: string, withAddress = false): Promise<string> {
  const address = withAddress
    ? await network.publicIPAddresses.createOrUpdate(
        G,
        `${name}-address`,
        { location, sku: { name: 'Standard' }, publicIPAllocationMethod: 'Static' },
        POLL,
      )
    : undefined;
  const nic = await network.networkInterfaces.createOrUpdate(
    G,
    name,
    {
      location,
      ipConfigurations: [
        {
          name: 'main',
          subnet: { id: subnetId },
          ...(address ? { publicIPAddress: { id: address.id ?? '', deleteOption: 'Delete' } } : {}),
        },
      ],
    },
    POLL,
  );
  return nic.id ?? '';
}

const machine = (nicId: string, more: Partial<VirtualMachine> = {}): VirtualMachine => ({
  location,
  tags: { 'skein-key': 'instance/node-1' },
  hardwareProfile: { vmSize: 'Standard_B2s' },
  storageProfile: {
    imageReference: { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' },
    osDisk: { name: `${nicId.split('/').at(-1)}-disk`, createOption: 'FromImage', deleteOption: 'Delete' },
  },
  osProfile: {
    computerName: 'node-1',
    adminUsername: 'skein',
    customData: Buffer.from('#!/bin/sh\necho boots\n').toString('base64'),
    linuxConfiguration: {
      disablePasswordAuthentication: true,
      ssh: { publicKeys: [{ path: '/home/skein/.ssh/authorized_keys', keyData: KEY }] },
    },
  },
  networkProfile: { networkInterfaces: [{ id: nicId, primary: true, deleteOption: 'Delete' }] },
  ...more,
});
const make = (name: string, it: VirtualMachine) => compute.virtualMachines.createOrUpdate(G, name, it, POLL);
const powerOf = async (name: string) =>
  (await compute.virtualMachines.get(G, name, { expand: 'instanceView' })).instanceView?.statuses?.map(
    ({ code }) => code,
  );

describe('a virtual machine', () => {
  test('runs its custom data on the ground, and goes with its disk, interface and address', async () => {
    const nicId = await makeInterface('nic', true);
    const made = await make('vm', machine(nicId));
    expect(made).toMatchObject({
      name: 'vm',
      provisioningState: 'Succeeded',
      hardwareProfile: { vmSize: 'Standard_B2s' },
      osProfile: { computerName: 'node-1', adminUsername: 'skein' },
      networkProfile: { networkInterfaces: [{ id: nicId, primary: true, deleteOption: 'Delete' }] },
    });
    expect(made.osProfile?.customData).toBeUndefined();
    expect(await powerOf('vm')).toEqual(['ProvisioningState/succeeded', 'PowerState/running']);
    expect(fixture.realiser.ground().machines).toMatchObject([
      {
        id: made.vmId,
        hostname: 'node-1',
        privateAddress: '10.64.0.4',
        publicAddress: expect.stringMatching(/^198\.19\./),
        userData: '#!/bin/sh\necho boots\n',
        forwards: false,
        ingress: [{ protocol: 'all', cidrs: ['10.64.0.0/20'] }],
      },
    ]);
    // Told as it is, it is as it is; told otherwise where it cannot change, it says so.
    const again = await fixture.ask('GET', path('vm'));
    const put = await fixture.ask('PUT', path('vm'), again.body);
    expect([put.status, put.headers.get('azure-asyncoperation'), put.body.etag]).toEqual([
      200,
      null,
      again.body.etag,
    ]);
    const os = machine(nicId).osProfile;
    await expect(
      make('vm', machine(nicId, { osProfile: { ...os, customData: 'YQ==' } })),
    ).rejects.toMatchObject({
      code: 'PropertyChangeNotAllowed',
    });
    await expect(network.networkInterfaces.delete(G, 'nic', POLL)).rejects.toMatchObject({
      code: 'NicInUse',
      message: expect.stringContaining('virtualMachines/vm'),
    });
    const linked = fixture
      .requests()
      .find((each) => each.action === 'Microsoft.Compute/virtualMachines/write')?.linked;
    expect(linked).toContain('Microsoft.Network/networkInterfaces/join/action');

    await compute.virtualMachines.delete(G, 'vm', POLL);
    const rest = await fixture.ask('GET', `/resourceGroups/${G}/resources?api-version=2025-04-01`);
    expect(rest.body.value.map((it: { name: string }) => it.name)).toEqual(['net']);
    expect(fixture.realiser.ground().machines).toEqual([]);
  });

  test('leaves behind what it was not told to take along', async () => {
    const nicId = await makeInterface('kept');
    const { storageProfile } = machine(nicId);
    await make(
      'detaching',
      machine(nicId, {
        storageProfile: { ...storageProfile, osDisk: { name: 'kept-disk', createOption: 'FromImage' } },
        networkProfile: { networkInterfaces: [{ id: nicId }] },
      }),
    );
    await compute.virtualMachines.delete(G, 'detaching', POLL);
    expect((await compute.disks.get(G, 'kept-disk')).diskState).toBe('Unattached');
    await compute.disks.delete(G, 'kept-disk', POLL);
    await network.networkInterfaces.delete(G, 'kept', POLL);
  });

  test('is switched off and on', async () => {
    await make('switched', machine(await makeInterface('switched-nic')));
    await compute.virtualMachines.deallocate(G, 'switched', POLL);
    expect(await powerOf('switched')).toContain('PowerState/deallocated');
    expect(fixture.realiser.ground().machines).toEqual([]);
    await compute.virtualMachines.start(G, 'switched', POLL);
    expect(await powerOf('switched')).toContain('PowerState/running');
    const vmId = (await compute.virtualMachines.get(G, 'switched')).vmId ?? '';
    fixture.realiser.set(vmId, { state: 'failed' });
    expect(await powerOf('switched')).toContain('PowerState/stopped');
    fixture.realiser.set(vmId, { state: 'running' });
    await compute.virtualMachines.delete(G, 'switched', POLL);
  });

  test('that does not come up says why, and can be started again', async () => {
    const nicId = await makeInterface('slow-nic');
    const started = await fixture.ask('PUT', path('slow'), toWire(machine(nicId)));
    expect(started.status).toBe(201);
    fixture.realiser.set(started.body.properties.vmId, { state: 'failed' });
    const ended = await fixture.follow(started);
    expect(ended).toMatchObject({ status: 'Failed', error: { code: 'OSProvisioningClientError' } });
    expect(await powerOf('slow')).toEqual(['ProvisioningState/failed', 'PowerState/stopped']);
    fixture.realiser.set(started.body.properties.vmId, { state: 'running' });
    await compute.virtualMachines.start(G, 'slow', POLL);
    expect(await powerOf('slow')).toEqual(['ProvisioningState/succeeded', 'PowerState/running']);
    await compute.virtualMachines.delete(G, 'slow', POLL);
  });

  test('may be somebody', async () => {
    const identity = `/resourceGroups/${G}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/nodes?api-version=2023-01-31`;
    const made = await fixture.ask('PUT', identity, { location });
    expect(made.body.properties).toMatchObject({ tenantId: fixture.lab.accounts.azure.tenantId });
    expect((await fixture.ask('GET', identity)).body).toEqual(made.body);
    const nicId = await makeInterface('somebody-nic');
    const as = (name: string): Partial<VirtualMachine> => ({
      identity: {
        type: 'UserAssigned',
        userAssignedIdentities: { [id('Microsoft.ManagedIdentity/userAssignedIdentities', name)]: {} },
      },
    });
    await expect(make('somebody', machine(nicId, as('strangers')))).rejects.toMatchObject({
      code: 'FailedIdentityOperation',
    });
    const vm = await make('somebody', machine(nicId, as('nodes')));
    expect(Object.values(vm.identity?.userAssignedIdentities ?? {})).toMatchObject([
      { principalId: made.body.properties.principalId },
    ]);
    const held = await fixture.ask('DELETE', identity);
    expect([held.status, held.body.error.message]).toEqual([
      409,
      expect.stringContaining('virtualMachines/somebody'),
    ]);
    await compute.virtualMachines.delete(G, 'somebody', POLL);
  });

  test.each<[string, (nicId: string) => Partial<VirtualMachine>, string]>([
    ['of no size', () => ({ hardwareProfile: { vmSize: 'Standard_Huge' } }), 'InvalidParameter'],
    [
      'of no image',
      () => ({
        storageProfile: {
          imageReference: { publisher: 'Nobody', offer: 'os', sku: '1', version: 'latest' },
          osDisk: { createOption: 'FromImage' },
        },
      }),
      'PlatformImageNotFound',
    ],
    [
      'that nobody may enter',
      (nicId) => ({ osProfile: { ...machine(nicId).osProfile, linuxConfiguration: {} } }),
      'InvalidParameter',
    ],
    [
      'with custom data that is no base 64',
      (nicId) => ({ osProfile: { ...machine(nicId).osProfile, customData: '#!/bin/sh' } }),
      'InvalidParameter',
    ],
    [
      'on an interface that is none',
      () => ({
        networkProfile: { networkInterfaces: [{ id: id('Microsoft.Network/networkInterfaces', 'none') }] },
      }),
      'InvalidResourceReference',
    ],
    ['without a system', () => ({ osProfile: undefined }) as unknown as VirtualMachine, 'InvalidParameter'],
  ])('%s is refused', async (_, more, code) => {
    const nicId = id('Microsoft.Network/networkInterfaces', 'switched-nic');
    const nic = code === 'InvalidResourceReference' ? nicId : await makeInterface('refused-nic');
    await expect(make('refused', machine(nic, more(nic)))).rejects.toMatchObject({ code });
    const nothing = await fixture.ask('GET', path('refused'));
    expect(nothing.status).toBe(404);
  });
});

test('a size that a region does not sell is refused there', async () => {
  const small = machine(id('Microsoft.Network/networkInterfaces', 'any'), {
    location: 'spaincentral',
    hardwareProfile: { vmSize: 'Standard_B1s' },
  });
  await expect(make('small', small)).rejects.toMatchObject({ statusCode: 409, code: 'SkuNotAvailable' });
});

describe('what there is', () => {
  test('sizes of a region, those not sold there marked', async () => {
    const found = [];
    for await (const sku of compute.resourceSkus.list({ filter: "location eq 'spaincentral'" }))
      found.push(sku);
    const small = found.find(({ name }) => name === 'Standard_B1s');
    expect(small).toMatchObject({
      family: 'standardBSFamily',
      restrictions: [{ reasonCode: 'NotAvailableForSubscription' }],
    });
    expect(found.find(({ name }) => name === 'Standard_B2s')?.restrictions).toEqual([]);
  });

  test('images, registered providers', async () => {
    const versions = await compute.virtualMachineImages.list(
      location,
      'Canonical',
      'ubuntu-24_04-lts',
      'server',
      { top: 1 },
    );
    expect(versions).toHaveLength(1);
    await expect(
      compute.virtualMachineImages.list(location, 'Canonical', 'windows', 'me'),
    ).rejects.toMatchObject({ statusCode: 404 });
    expect(await fixture.resources().providers.get('Microsoft.Network')).toMatchObject({
      registrationState: 'Registered',
    });
  });

  test('how much of the limits is used, and what happens past them', async () => {
    const used = async () => {
      const all = [];
      for await (const each of compute.usage.list(location)) all.push(each);
      for await (const each of network.usages.list(location)) all.push(each);
      return Object.fromEntries(all.map((each) => [each.name?.value, [each.currentValue, each.limit]]));
    };
    const before = await used();
    expect(before).toMatchObject({
      cores: [0, 350],
      VirtualNetworks: [1, 1000],
      PublicIPAddresses: [0, 1000],
    });
    fixture.lab.faults.set([
      { cloud: 'azure', fault: { kind: 'quota', name: 'cores', limit: 1 } },
      { cloud: 'azure', fault: { kind: 'quota', name: 'PublicIPAddresses', limit: 0 } },
    ]);
    expect(await used()).toMatchObject({ cores: [0, 1] });
    await expect(make('much', machine(await makeInterface('much-nic')))).rejects.toMatchObject({
      statusCode: 409,
      code: 'QuotaExceeded',
    });
    await expect(makeInterface('more', true)).rejects.toMatchObject({ code: 'PublicIPCountLimitReached' });
    fixture.lab.faults.clear();
  });
});

describe('on its way a call meets the lab’s faults', () => {
  const attempt = () => fixture.ask('PUT', `/resourcegroups/fault?api-version=2025-04-01`, { location });
  test.each([
    [{ kind: 'throttle', retryAfterSeconds: 3 }, 429, 'SubscriptionRequestsThrottled'],
    [{ kind: 'error' }, 500, 'InternalServerError'],
    [{ kind: 'region-down', how: 'refuse' }, 503, 'ServiceUnavailable'],
    [{ kind: 'deny', permissions: ['Microsoft.Resources/*/write'] }, 403, 'AuthorizationFailed'],
  ] as const)('%j', async (fault, status, code) => {
    fixture.lab.faults.set([{ cloud: 'azure', fault: fault as never }]);
    const answer = await attempt();
    fixture.lab.faults.clear();
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    if (status === 429) expect(answer.headers.get('retry-after')).toBe('3');
    expect((await fixture.ask('HEAD', `/resourcegroups/fault?api-version=2025-04-01`)).status).toBe(404);
  });

  test('a lost answer was executed all the same', async () => {
    fixture.lab.faults.set([{ cloud: 'azure', fault: { kind: 'lose-answer' } }]);
    await expect(attempt()).rejects.toThrow();
    fixture.lab.faults.clear();
    expect((await fixture.ask('HEAD', `/resourcegroups/fault?api-version=2025-04-01`)).status).toBe(204);
    expect(fixture.requests().find(({ fault }) => fault === 'lose-answer')?.status).toBe(201);
  });

  test('a slow operation tells when to ask again', async () => {
    fixture.lab.faults.set([{ cloud: 'azure', fault: { kind: 'slow-operations', seconds: 5 } }]);
    const slow = await fixture.ask('DELETE', `/resourcegroups/fault?api-version=2025-04-01`);
    fixture.lab.faults.clear();
    expect([slow.status, slow.headers.get('retry-after')]).toEqual([202, '5']);
  });
});

/** The SDK's flat form as it goes over the wire. */
function toWire({ location, tags, ...properties }: VirtualMachine): object {
  const { networkProfile } = properties;
  return {
    location,
    tags,
    properties: {
      ...properties,
      networkProfile: {
        networkInterfaces: networkProfile?.networkInterfaces?.map(({ id, ...rest }) => ({
          id,
          properties: rest,
        })),
      },
    },
  };
}
