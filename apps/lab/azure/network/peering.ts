/** `virtualNetworkPeerings`: one half of a peering, in its own network. Both halves make it Connected. */

import { z } from 'zod';
import { overlap, parseRange } from '../../ground/ranges.ts';
import { API_VERSIONS } from '../catalog.ts';
import { type Kind, kind } from '../kind.ts';
import { childrenOf, keyOf, ofType, parentIdOf, type Resource, type Subscription } from '../state.ts';
import { PEERING, VNET } from '../type.ts';
import { reference, resourceBody, shown } from '../wire/body.ts';
import { ArmError } from '../wire/error.ts';
import { invalidReference } from './refusal.ts';
import { standing, type VirtualNetwork } from './virtual-network.ts';

export interface Peering {
  /** Key of the other network. */
  remote: string;
  allowVirtualNetworkAccess: boolean;
  allowForwardedTraffic: boolean;
  allowGatewayTransit: boolean;
  useRemoteGateways: boolean;
  /** Its other half was there once: without it now, it is Disconnected for good. */
  met: boolean;
}

const Body = resourceBody(
  z.strictObject({
    remoteVirtualNetwork: reference,
    allowVirtualNetworkAccess: z.boolean().default(true),
    allowForwardedTraffic: z.boolean().default(false),
    allowGatewayTransit: z.boolean().default(false),
    useRemoteGateways: z.boolean().default(false),
    doNotVerifyRemoteGateways: shown,
    peerCompleteVnets: shown,
    enableOnlyIPv6Peering: shown,
    peeringState: shown,
    peeringSyncLevel: shown,
    provisioningState: shown,
    resourceGuid: shown,
    remoteAddressSpace: shown,
    remoteVirtualNetworkAddressSpace: shown,
    remoteVirtualNetworkEncryption: shown,
    remoteBgpCommunities: shown,
    localAddressSpace: shown,
    localVirtualNetworkAddressSpace: shown,
  }),
  {},
);

const networkOf = (id: string) => keyOf(parentIdOf(id));

/** The half in the other network that leads back here, if it is there. */
export const otherHalf = (
  subscription: Subscription,
  it: { id: string; properties: Pick<Peering, 'remote'> },
): Resource<Peering> | undefined =>
  childrenOf<Peering>(subscription, it.properties.remote, PEERING).find(
    (each) => each.properties.remote === networkOf(it.id) && each.state !== 'Deleting',
  );

export function peeringState(
  subscription: Subscription,
  it: Resource<Peering>,
): 'Initiated' | 'Connected' | 'Disconnected' {
  const other = otherHalf(subscription, it);
  if (other && it.properties.met && other.properties.met) return 'Connected';
  return it.properties.met ? 'Disconnected' : 'Initiated';
}

export const peeringKind: Kind = kind<z.infer<typeof Body>, Peering>({
  type: PEERING,
  apiVersions: API_VERSIONS.network,
  place: 'child',
  instant: false,
  body: Body,
  write({ call, body, id, name, parent, present }) {
    const { subscription } = call;
    const near = parent as Resource<VirtualNetwork>;
    const far = standing<VirtualNetwork>(subscription, body.properties.remoteVirtualNetwork, VNET);
    if (!far) throw invalidReference(body.properties.remoteVirtualNetwork, id);
    if (keyOf(far.id) === keyOf(near.id))
      throw new ArmError(400, 'InvalidPeering', `Virtual network ${near.id} cannot be peered with itself.`);
    const twin = childrenOf<Peering>(subscription, near.id, PEERING).find(
      (each) => each.properties.remote === keyOf(far.id) && each.name.toLowerCase() !== name.toLowerCase(),
    );
    if (twin)
      throw new ArmError(
        400,
        'AnotherPeeringAlreadyReferencesRemoteVnet',
        `Peering ${id} cannot be created because virtual network ${near.id} already has a peering, ${twin.id}, that references remote virtual network ${far.id}.`,
      );
    if (present && present.properties.remote !== keyOf(far.id))
      throw new ArmError(
        400,
        'ChangingRemoteVirtualNetworkNotAllowed',
        `Changing the remote virtual network of peering ${id} is not allowed.`,
      );
    const ranges = (network: Resource<VirtualNetwork>) =>
      network.properties.prefixes.flatMap((each) => parseRange(each) ?? []);
    if (ranges(near).some((a) => ranges(far).some((b) => overlap(a, b))))
      throw new ArmError(
        400,
        'VnetAddressSpacesOverlap',
        `Cannot create or update peering ${id}. Virtual networks ${near.id} and ${far.id} cannot be peered because their address spaces overlap.`,
      );
    const { remoteVirtualNetwork: _, ...flags } = body.properties;
    const properties = {
      remote: keyOf(far.id),
      allowVirtualNetworkAccess: flags.allowVirtualNetworkAccess,
      allowForwardedTraffic: flags.allowForwardedTraffic,
      allowGatewayTransit: flags.allowGatewayTransit,
      useRemoteGateways: flags.useRemoteGateways,
    };
    const other = otherHalf(subscription, { id, properties });
    if (other?.properties.met && !present?.properties.met)
      throw new ArmError(
        400,
        'RemotePeeringIsDisconnected',
        `Cannot create or update peering ${id} because remote peering ${other.id} referencing parent virtual network ${near.id} is in Disconnected state. Update or re-create the remote peering to get it back to Initiated state.`,
      );
    if (present && !other && present.properties.met)
      throw new ArmError(
        400,
        'PeeringInDisconnectedState',
        `Peering ${id} is in Disconnected state: delete it, and make it anew.`,
      );
    if (other && !other.properties.met) {
      other.properties.met = true;
      other.version += 1;
    }
    return { properties: { ...properties, met: other !== undefined } };
  },
  show(it, view) {
    const far = standing<VirtualNetwork>(view.subscription, it.properties.remote, VNET);
    const state = peeringState(view.subscription, it);
    const space = { addressPrefixes: far?.properties.prefixes ?? [] };
    const { remote, met: _, ...flags } = it.properties;
    return {
      resourceGuid: it.guid,
      peeringState: state,
      peeringSyncLevel: state === 'Connected' ? 'FullyInSync' : 'RemoteNotInSync',
      remoteVirtualNetwork: { id: far?.id ?? remote },
      ...flags,
      remoteAddressSpace: space,
      remoteVirtualNetworkAddressSpace: space,
    };
  },
  holders: () => [],
  held: () => new Error('nothing holds a peering'),
  linked: (body) => [{ action: `${VNET}/peer/action`, id: body.properties.remoteVirtualNetwork }],
});

/** All pairs of halves that stand, each once. */
export const connectedPairs = (subscription: Subscription): [Resource<Peering>, Resource<Peering>][] =>
  ofType<Peering>(subscription, PEERING).flatMap((it): [Resource<Peering>, Resource<Peering>][] => {
    const other = otherHalf(subscription, it);
    return other && peeringState(subscription, it) === 'Connected' && keyOf(it.id) < keyOf(other.id)
      ? [[it, other]]
      : [];
  });
