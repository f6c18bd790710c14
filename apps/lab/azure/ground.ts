/** Azure's state, projected onto the ground. Pure: the same state gives the same ground. */
import type { Ground, GroundPeering, Realm } from '../ground/ground.ts';
import { formatAddress, parseRange } from '../ground/ranges.ts';
import { connectedPairs, type Peering } from './network/peering.ts';
import type { Subnet, VirtualNetwork } from './network/virtual-network.ts';
import {
  type AzureState,
  childrenOf,
  find,
  ofType,
  parentIdOf,
  type Resource,
  type Subscription,
} from './state.ts';
import { SUBNET, VNET } from './type.ts';

/** Azure's resolver, the same in every network. */
const RESOLVER = '168.63.129.16';

/** The kernel's part of all subscriptions. What is being deleted has no machine any more. */
export function projectAzure(state: AzureState): Ground {
  const subscriptions = Object.keys(state.subscriptions)
    .sort()
    .map((id) => state.subscriptions[id] as Subscription);
  return {
    realms: subscriptions.flatMap((each) =>
      ofType<VirtualNetwork>(each, VNET).map((it) => realmOf(each, it)),
    ),
    peerings: subscriptions.flatMap((each) => connectedPairs(each).map(([a, b]) => peeringOf(each, a, b))),
    machines: [],
    zones: [],
  };
}

const realmId = (network: Resource) => `azure-${network.guid}`;

function realmOf(subscription: Subscription, it: Resource<VirtualNetwork>): Realm {
  return {
    id: realmId(it),
    cloud: 'azure',
    subnets: childrenOf<Subnet>(subscription, it.id, SUBNET).map(({ guid, properties }) => ({
      id: `azure-${guid}`,
      cidr: properties.prefix,
      router: formatAddress((parseRange(properties.prefix)?.from ?? 0) + 1),
    })),
    resolver: RESOLVER,
    internet: true,
  };
}

function peeringOf(subscription: Subscription, a: Resource<Peering>, b: Resource<Peering>): GroundPeering {
  const end = (half: Resource<Peering>) => {
    const network = find<VirtualNetwork>(subscription, parentIdOf(half.id));
    const far = find<VirtualNetwork>(subscription, half.properties.remote);
    if (!network || !far) throw new Error(`peering ${half.id} stands without its networks`);
    return {
      realmId: realmId(network),
      routes: half.properties.allowVirtualNetworkAccess ? far.properties.prefixes : [],
    };
  };
  return { id: `azure-${a.guid}`, ends: [end(a), end(b)] };
}
