/** Peerings of virtual networks through the official client. */
import type { NetworkManagementClient } from '@azure/arm-network';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AzureFixture, openFixture, POLL } from './fixture.ts';

let fixture: AzureFixture;
let network: NetworkManagementClient;
const G = 'group';
const location = 'westeurope';
beforeAll(async () => {
  fixture = await openFixture();
  network = fixture.network();
  await fixture.resources().resourceGroups.createOrUpdate(G, { location });
});
afterAll(() => fixture.close());

const id = (type: string, name: string) =>
  `/subscriptions/${fixture.lab.accounts.azure.subscriptionId}/resourceGroups/${G}/providers/Microsoft.Network/${type}/${name}`;
const makeNetwork = (name: string, prefix: string) =>
  network.virtualNetworks.createOrUpdate(
    G,
    name,
    { location, addressSpace: { addressPrefixes: [prefix] } },
    POLL,
  );

describe('peerings', () => {
  const half = (near: string, far: string) =>
    network.virtualNetworkPeerings.createOrUpdate(
      G,
      near,
      'to-other',
      {
        remoteVirtualNetwork: { id: id('virtualNetworks', far) },
        allowVirtualNetworkAccess: true,
        allowForwardedTraffic: true,
      },
      POLL,
    );

  test('stand when both halves do, and fall with either', async () => {
    await makeNetwork('east', '10.70.0.0/20');
    await makeNetwork('west', '10.71.0.0/20');
    expect((await half('east', 'west')).peeringState).toBe('Initiated');
    expect((await half('west', 'east')).peeringState).toBe('Connected');
    const seen = await network.virtualNetworkPeerings.get(G, 'east', 'to-other');
    expect(seen).toMatchObject({
      peeringState: 'Connected',
      remoteAddressSpace: { addressPrefixes: ['10.71.0.0/20'] },
    });
    await expect
      .poll(() => fixture.realiser.ground().peerings)
      .toMatchObject([{ ends: [{ routes: ['10.71.0.0/20'] }, { routes: ['10.70.0.0/20'] }] }]);
    await network.virtualNetworkPeerings.delete(G, 'west', 'to-other', POLL);
    expect((await network.virtualNetworkPeerings.get(G, 'east', 'to-other')).peeringState).toBe(
      'Disconnected',
    );
    expect(fixture.realiser.ground().peerings).toEqual([]);
    await expect(half('west', 'east')).rejects.toMatchObject({ code: 'RemotePeeringIsDisconnected' });
    await network.virtualNetworkPeerings.delete(G, 'east', 'to-other', POLL);
    await half('west', 'east');
    expect((await half('east', 'west')).peeringState).toBe('Connected');
  });

  test('are refused between networks whose ranges overlap', async () => {
    await makeNetwork('twin', '10.70.8.0/21');
    await expect(half('twin', 'east')).rejects.toMatchObject({ code: 'VnetAddressSpacesOverlap' });
  });
});
