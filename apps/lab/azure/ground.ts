/** Azure's state, projected onto the ground. Pure: the same state gives the same ground. */
import type { Ground, GroundPeering, Machine, Realm } from '../ground/ground.ts';
import { formatAddress, parseRange } from '../ground/ranges.ts';
import type { VirtualMachine } from './compute/virtual-machine.ts';
import { zonesOf } from './dns/ground.ts';
import { metadataOf } from './metadata.ts';
import { macOf, type NetworkInterface } from './network/network-interface.ts';
import { connectedPairs, type Peering } from './network/peering.ts';
import type { PublicAddress } from './network/public-address.ts';
import type { Subnet, VirtualNetwork } from './network/virtual-network.ts';
import { rulesOf } from './reach.ts';
import {
  type AzureState,
  childrenOf,
  find,
  ofType,
  parentIdOf,
  type Resource,
  type Subscription,
  stays,
} from './state.ts';
import { MACHINE, SUBNET, VNET } from './type.ts';

/** Azure's resolver, the same in every network. */
const RESOLVER = '168.63.129.16';

/** The kernel's part of all subscriptions. What is being deleted or is switched off has no machine. */
export function projectAzure(state: AzureState): Ground {
  const subscriptions = Object.keys(state.subscriptions)
    .sort()
    .map((id) => ({ id, subscription: state.subscriptions[id] as Subscription }));
  return {
    realms: subscriptions.flatMap(({ subscription }) =>
      ofType<VirtualNetwork>(subscription, VNET).map((it) => realmOf(subscription, it)),
    ),
    peerings: subscriptions.flatMap(({ subscription }) =>
      connectedPairs(subscription).map(([a, b]) => peeringOf(subscription, a, b)),
    ),
    machines: subscriptions.flatMap(({ id, subscription }) =>
      ofType<VirtualMachine>(subscription, MACHINE)
        .filter((it) => stays(it) && ['starting', 'running'].includes(it.properties.power))
        .map((it) => machineOf(id, subscription, it)),
    ),
    zones: subscriptions.flatMap(({ subscription }) => zonesOf(subscription, realmId)),
  };
}

const realmId = (network: Resource) => `azure-${network.guid}`;
const subnetId = (subnet: Resource) => `azure-${subnet.guid}`;

function realmOf(subscription: Subscription, it: Resource<VirtualNetwork>): Realm {
  return {
    id: realmId(it),
    cloud: 'azure',
    subnets: childrenOf<Subnet>(subscription, it.id, SUBNET).map((subnet) => ({
      id: subnetId(subnet),
      cidr: subnet.properties.prefix,
      router: formatAddress((parseRange(subnet.properties.prefix)?.from ?? 0) + 1),
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
    const routes = half.properties.allowVirtualNetworkAccess ? far.properties.prefixes : [];
    return { realmId: realmId(network), routes };
  };
  return { id: `azure-${a.guid}`, ends: [end(a), end(b)] };
}

function machineOf(
  subscriptionId: string,
  subscription: Subscription,
  it: Resource<VirtualMachine>,
): Machine {
  const nic = find<NetworkInterface>(subscription, it.properties.interfaces[0]?.id ?? '');
  const subnet = nic && find<Subnet>(subscription, nic.properties.subnet);
  const network = subnet && find<VirtualNetwork>(subscription, parentIdOf(subnet.id));
  if (!nic || !subnet || !network) throw new Error(`machine ${it.id} stands without its network`);
  const address = nic.properties.publicAddress;
  const publicAddress =
    address === null ? null : (find<PublicAddress>(subscription, address)?.properties.address ?? null);
  return {
    id: it.guid,
    hostname: it.properties.computerName,
    realmId: realmId(network),
    subnetId: subnetId(subnet),
    privateAddress: nic.properties.privateAddress,
    macAddress: macOf(nic.properties.privateAddress),
    publicAddress,
    ...rulesOf(subscription, nic),
    forwards: nic.properties.forwards,
    userData:
      it.properties.customData === null ? null : Buffer.from(it.properties.customData, 'base64').toString(),
    metadata: metadataOf(subscriptionId, it, nic, subnet, publicAddress),
  };
}
