/** What somebody does to our instances and groups in Azure by hand, and what we make of it. */
import { ComputeManagementClient } from '@azure/arm-compute';
import { NetworkManagementClient } from '@azure/arm-network';
import { ResourceManagementClient } from '@azure/arm-resources';
import { ClientSecretCredential } from '@azure/identity';
import { groupNameFor, nameFor } from '@skein/clouds/azure/names.ts';
import type { Cloud, FirewallSpec, InstanceSpec, Owner } from '@skein/clouds/provider.ts';
import { connectCloud } from '@skein/clouds/registry.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PaperLab, startPaperLab } from './lab.ts';
import { context, newOwner } from './one-gateway.ts';
import { NO_IDENTITY } from './own-identity.ts';

const LIMIT = { timeout: 60_000 };
const region = 'westeurope';
const quick = { updateIntervalInMs: 50 };

let lab: PaperLab;
let cloud: Cloud;
let byHand: {
  compute: ComputeManagementClient;
  network: NetworkManagementClient;
  arm: ResourceManagementClient;
};

beforeAll(async () => {
  lab = await startPaperLab();
  const { tenantId, clientId, clientSecret, subscriptionId } = lab.accounts.azure;
  const endpoint = lab.azureUrl;
  const credentials = lab.accounts.azure;
  cloud = connectCloud('azure', { credentials, endpoint, region, identity: NO_IDENTITY });
  const options = { authorityHost: endpoint, disableInstanceDiscovery: true };
  const signedIn = new ClientSecretCredential(tenantId, clientId, clientSecret, options);
  byHand = {
    compute: new ComputeManagementClient(signedIn, subscriptionId, { endpoint }),
    network: new NetworkManagementClient(signedIn, subscriptionId, { endpoint }),
    arm: new ResourceManagementClient(signedIn, subscriptionId, { endpoint }),
  };
});
afterAll(() => lab?.close());

async function firewallOf(owner: Owner): Promise<FirewallSpec> {
  const network = await cloud.networks.reconcile(
    { owner, key: 'network', name: 'prod', cidr: '10.64.0.0/20' },
    context(),
  );
  return { owner, key: 'firewall/member', name: 'member', network, role: 'member', rules: [] };
}
async function memberOf(owner: Owner, nodeIdentity: string | null): Promise<InstanceSpec> {
  const firewall = await firewallOf(owner);
  return {
    owner,
    key: 'instance/node-1',
    name: 'node-1',
    network: firewall.network,
    firewalls: [await cloud.firewalls.reconcile(firewall, context())],
    role: 'member',
    address: null,
    instanceType: 'Standard_B2s',
    nodeIdentity,
    userData: async () => '#!/bin/sh\n',
  };
}

it(
  'starts an instance again that somebody switched off, and gives it back its interface as it was',
  LIMIT,
  async () => {
    const spec = await memberOf(newOwner(), null);
    const made = await cloud.instances.reconcile(spec, context());
    const [group, name] = [groupNameFor(spec.owner), nameFor(spec.key)];
    await byHand.compute.virtualMachines.deallocate(group, name, quick);
    expect(await cloud.instances.observe(spec, context())).toMatchObject({ running: false });
    expect(await cloud.instances.reconcile(spec, context())).toEqual(made);

    const nic = await byHand.network.networkInterfaces.get(group, `${name}-nic`);
    await byHand.network.networkInterfaces.createOrUpdate(
      group,
      `${name}-nic`,
      { ...nic, enableIPForwarding: true },
      quick,
    );
    expect(await cloud.instances.observe(spec, context())).toMatchObject({ forwards: true });
    expect(await cloud.instances.reconcile(spec, context())).toEqual(made);

    // An address that an instance dies with is no reserved one, and goes with it.
    expect(await cloud.addresses.list(spec.owner, context())).toEqual([]);
    await cloud.instances.delete(spec, context());
    const left = [];
    for await (const one of byHand.arm.resources.listByResourceGroup(group)) left.push(one.name);
    expect(left.sort()).toEqual(['firewall-member', 'network']);
  },
);

it('closes a group again that somebody opened to the whole virtual network', LIMIT, async () => {
  const spec = await firewallOf(newOwner());
  const made = await cloud.firewalls.reconcile(spec, context());
  const [group, name] = [groupNameFor(spec.owner), nameFor(spec.key)];
  await byHand.network.securityRules.delete(group, name, 'nothing-else', quick);
  const opened = await cloud.firewalls.observe(spec, context());
  expect(opened?.foreign.join()).toContain('within the virtual network');
  expect(await cloud.firewalls.reconcile(spec, context())).toEqual(made);
  expect((await byHand.network.securityRules.get(group, name, 'nothing-else')).access).toBe('Deny');
});

it('keeps other tags, and gives nodes the identity that their cluster names', LIMIT, async () => {
  const owner = newOwner();
  const theirs = 'somebody-else';
  await byHand.arm.resourceGroups.createOrUpdate(theirs, { location: region });
  const id = `/subscriptions/${lab.accounts.azure.subscriptionId}/resourceGroups/${theirs}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/nodes`;
  await byHand.arm.resources.createOrUpdateById(id, '2024-11-30', { location: region }, quick);
  const spec = await memberOf(owner, id);
  await cloud.instances.reconcile(spec, context());
  const [group, name] = [groupNameFor(owner), nameFor(spec.key)];
  const { identity } = await byHand.compute.virtualMachines.get(group, name);
  expect(identity?.type).toBe('UserAssigned');
  expect(Object.keys(identity?.userAssignedIdentities ?? {}).map((one) => one.toLowerCase())).toEqual([
    id.toLowerCase(),
  ]);

  const nic = `${name}-nic`;
  const held = await byHand.network.networkInterfaces.get(group, nic);
  await byHand.network.networkInterfaces.updateTags(group, nic, { tags: { ...held.tags, team: 'blue' } });
  const other = { ...(await firewallOf(owner)), key: 'firewall/other' };
  const second = await cloud.firewalls.reconcile(other, context());
  await cloud.instances.reconcile({ ...spec, firewalls: [second] }, context());
  expect((await byHand.network.networkInterfaces.get(group, nic)).tags).toMatchObject({ team: 'blue' });
});
