/** What Azure has of its own kind beside the common suite: peerings, networks of others, what stands in the way, who did it. */
import { NetworkManagementClient } from '@azure/arm-network';
import { ClientSecretCredential } from '@azure/identity';
import { permissions } from '@skein/clouds/azure/permissions.ts';
import type { Cloud, InstanceSpec, Owner, PeeringSpec } from '@skein/clouds/provider.ts';
import { connectCloud } from '@skein/clouds/registry.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PaperLab, startPaperLab } from './lab.ts';
import { context, newOwner, provision } from './one-gateway.ts';
import { NO_IDENTITY } from './own-identity.ts';

let lab: PaperLab;
let cloud: Cloud;
let byHand: NetworkManagementClient;
const REGION = 'westeurope';
const TYPE = 'Standard_B2s';
const LIMIT = { timeout: 60_000 };

const cloudIn = (region: string, change: object = {}) =>
  connectCloud('azure', {
    credentials: { ...lab.accounts.azure, ...change },
    endpoint: lab.azureUrl,
    region,
    identity: NO_IDENTITY,
  });

beforeAll(async () => {
  lab = await startPaperLab();
  cloud = cloudIn(REGION);
  const { tenantId, clientId, clientSecret, subscriptionId } = lab.accounts.azure;
  const options = { authorityHost: lab.azureUrl, disableInstanceDiscovery: true };
  const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, options);
  byHand = new NetworkManagementClient(credential, subscriptionId, { endpoint: lab.azureUrl });
});
afterAll(() => lab?.close());

const networkOf = (where: Cloud, owner: Owner, cidr: string) =>
  where.networks.reconcile({ owner, key: 'network', name: 'prod', cidr }, context());

it('joins networks of two regions half by half, and parts them again', LIMIT, async () => {
  const one = newOwner();
  const two = { ...one, clusterId: newOwner().clusterId };
  const far = cloudIn('northeurope');
  const near = await networkOf(cloud, one, '10.64.0.0/20');
  const other = await networkOf(far, two, '10.64.16.0/20');
  const spec = (
    owner: Owner,
    to: Owner,
    mine: typeof near,
    its: typeof near,
    region: string,
  ): PeeringSpec => ({
    owner,
    key: `peering/${to.clusterId}`,
    name: 'to the other',
    near: mine,
    far: { clusterId: to.clusterId, network: its, region, holder: null },
  });
  const first = spec(one, two, near, other, 'northeurope');
  const second = spec(two, one, other, near, REGION);

  expect(await cloud.peerings.observe(first, context())).toBeUndefined();
  expect(await cloud.peerings.reconcile(first, context())).toMatchObject({ active: false });
  expect(await far.peerings.reconcile(second, context())).toMatchObject({
    active: true,
    cidrs: ['10.64.0.0/20'],
  });
  const whole = await cloud.peerings.reconcile(first, context());
  expect(whole).toMatchObject({ active: true, cidrs: ['10.64.16.0/20'] });
  expect(await cloud.peerings.observe(first, context())).toEqual(whole);
  expect(await cloud.peerings.list(one, context())).toEqual([{ ...whole, owner: one, key: first.key }]);
  expect(await cloud.peerings.list({ organizationId: 'org_other' }, context())).toEqual([]);
  // The network is whole and unchanged by it.
  expect(await networkOf(cloud, one, '10.64.0.0/20')).toEqual(near);

  await cloud.peerings.delete(first, context());
  await cloud.peerings.delete(first, context());
  expect(await cloud.peerings.observe(first, context())).toBeUndefined();
  expect(await far.peerings.observe(second, context())).toMatchObject({ active: false });
  // A half that was left alone never joins again, and lets no other be made: its own side makes it anew first.
  expect(await cloud.peerings.reconcile(first, context())).toMatchObject({ active: false });
  expect(await far.peerings.reconcile(second, context())).toMatchObject({ active: false });
  expect(await cloud.peerings.reconcile(first, context())).toMatchObject({ active: true });
  expect(await far.peerings.reconcile(second, context())).toMatchObject({ active: true });
  await cloud.peerings.delete(first, context());
  await far.peerings.delete(second, context());
  await cloud.networks.delete({ owner: one, key: 'network' }, context());
  await far.networks.delete({ owner: two, key: 'network' }, context());
});

it('puts nodes into a network of somebody else, and leaves it as it was', LIMIT, async () => {
  const theirs = newOwner();
  const made = await networkOf(cloud, theirs, '10.64.32.0/20');
  const [group = '', name = ''] = [made.externalId.split('/')[4], made.externalId.split('/').at(-1)];
  const read = async () => {
    const { etag: _, subnets: __, ...rest } = await byHand.virtualNetworks.get(group, name);
    return rest;
  };
  const before = await read();
  const at = { networkId: made.externalId, subnetId: made.subnetId };
  expect(await cloud.existingNetwork(at, context())).toEqual(made);
  expect(
    await cloud.existingNetwork(
      { ...at, networkId: made.externalId.replace('resourceGroups', 'RESOURCEGROUPS') },
      context(),
    ),
  ).toEqual(made);
  for (const [wrong, code] of [
    [{ ...at, networkId: 'vpc-1' }, 'invalid'],
    [{ ...at, subnetId: made.externalId }, 'invalid'],
    [{ ...at, subnetId: `${made.externalId}/subnets/none` }, 'not-found'],
    [{ ...at, subnetId: made.subnetId.replace(name, 'another') }, 'invalid'],
    [{ networkId: `${made.externalId}x`, subnetId: `${made.externalId}x/subnets/nodes` }, 'not-found'],
  ] as const) {
    await expect(cloud.existingNetwork(wrong, context())).rejects.toMatchObject({ code });
  }
  await expect(cloudIn('northeurope').existingNetwork(at, context())).rejects.toMatchObject({
    code: 'invalid',
  });

  const groupsGone = () =>
    lab.requests().filter((one) => one.action.endsWith('/resourceGroups/delete')).length;
  const goneBefore = groupsGone();
  const owner = newOwner();
  const network = await cloud.existingNetwork(at, context());
  const firewall = await cloud.firewalls.reconcile(
    { owner, key: 'firewall/member', name: 'member', network, role: 'member', rules: [] },
    context(),
  );
  const spec: InstanceSpec = {
    owner,
    key: 'instance/node-1',
    name: 'node-1',
    network,
    firewalls: [firewall],
    role: 'member',
    address: null,
    instanceType: TYPE,
    nodeIdentity: null,
    userData: async () => '#!/bin/sh\n',
  };
  expect((await cloud.instances.reconcile(spec, context())).privateAddress).toMatch(
    /^10\.64\.(3[2-9]|4[0-7])\./,
  );
  await cloud.instances.delete(spec, context());
  await cloud.firewalls.delete({ owner, key: 'firewall/member' }, context());
  expect(await read()).toEqual(before);
  // With the last of ours its group goes too, though no network of ours was ever in it.
  expect(groupsGone()).toBe(goneBefore + 1);
  await cloud.networks.delete({ owner: theirs, key: 'network' }, context());
});

it('says what stands in the way of a wish, and changes nothing', LIMIT, async () => {
  const wish = { instanceType: TYPE, instances: 2, addresses: 1, networks: 1, permissions };
  const first = lab.requests().length;
  const findings = await cloud.preflight(wish, context());
  expect(findings.filter((one) => one.status !== 'ok')).toEqual([]);
  expect(new Set(findings.map((one) => one.kind)).size).toBe(6);
  const unknown = await cloud.preflight({ ...wish, instanceType: 'Standard_Z9' }, context());
  expect(unknown.filter((one) => one.status !== 'ok').map((one) => one.kind)).toEqual(['instance-type']);
  const many = await cloud.preflight({ ...wish, instances: 5000 }, context());
  expect(new Set(many.filter((one) => one.status !== 'ok').map((one) => one.kind))).toEqual(
    new Set(['quota']),
  );
  const stranger = await cloudIn(REGION, { clientSecret: 'x'.repeat(40) }).preflight(wish, context());
  expect(stranger).toMatchObject([{ kind: 'credentials', status: 'missing' }]);
  expect(lab.requests(first).filter((one) => one.cloud === 'azure' && one.mutating)).toEqual([]);
});

it('counts what is used, and names who changed it last', LIMIT, async () => {
  const before = await cloud.quotas(context());
  const since = new Date(Date.now() - 1000);
  const { firewall } = await provision(cloud, newOwner(), context(), TYPE);
  const after = await cloud.quotas(context());
  const more = after.map((one, i) => [one.what, one.used - (before[i]?.used ?? 0)]);
  expect(more).toEqual([
    ['instances', 1],
    ['vcpus', 2],
    ['addresses', 1],
    ['networks', 1],
    ['firewalls', 1],
  ]);
  const at = { kind: 'firewall' as const, externalId: firewall.externalId };
  expect(await cloud.lastChange(at, since, context())).toMatchObject({
    who: expect.stringMatching(/./),
    action: 'Microsoft.Network/networkSecurityGroups/write',
  });
  expect(await cloud.lastChange(at, new Date(Date.now() + 60_000), context())).toBeNull();
});

it('speaks to nobody in the open', async () => {
  const open = connectCloud('azure', {
    credentials: lab.accounts.azure,
    endpoint: lab.azureUrl.replace('https:', 'http:'),
    region: REGION,
    identity: NO_IDENTITY,
  });
  await expect(open.whoAmI(context())).rejects.toMatchObject({ code: 'invalid', message: /https/ });
});
