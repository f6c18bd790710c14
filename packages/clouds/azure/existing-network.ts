/** A virtual network and subnet that somebody else made: looked at and nothing more. */
import { type CallContext, CloudError, type NetworkState } from '../provider.ts';
import type { Connection } from './connection.ts';
import { inRegion } from './group.ts';
import { idOf, parseId, sameId } from './names.ts';

const NETWORK = /^Microsoft\.Network\/virtualNetworks$/i;
const SUBNET = /^Microsoft\.Network\/virtualNetworks\/subnets$/i;
const WHERE =
  'It stands under “Properties” in the portal, or is what `az network vnet show --query id` prints.';

/** @throws CloudError `not-found`; `invalid` where ids are no ids, of another subscription or region, or do not belong together. */
export async function existingNetwork(
  connection: Connection,
  at: { networkId: string; subnetId: string },
  context: CallContext,
): Promise<NetworkState> {
  const network = parseId(at.networkId);
  const subnet = parseId(at.subnetId);
  if (!network || !NETWORK.test(network.type)) throw noId('virtual network', at.networkId);
  if (!subnet || !SUBNET.test(subnet.type)) throw noId('subnet', at.subnetId);
  if (network.subscriptionId.toLowerCase() !== connection.subscriptionId.toLowerCase()) {
    throw new CloudError(
      'invalid',
      `The virtual network is in subscription ${network.subscriptionId}, the account is of ${connection.subscriptionId}.`,
      { remedy: 'Use an account of the network’s own subscription.' },
    );
  }
  const [name = ''] = network.names;
  const found = await connection.ask('network', `reading the virtual network ${name}`, context, (on, o) =>
    on.virtualNetworks.get(network.group, name, o),
  );
  if (!inRegion(connection, found)) {
    throw new CloudError(
      'invalid',
      `The virtual network ${name} is in ${found.location}, the cluster is to be in ${connection.region}.`,
    );
  }
  const networkId = idOf({
    ...network,
    subscriptionId: connection.subscriptionId,
    type: 'Microsoft.Network/virtualNetworks',
  });
  const last = subnet.names[1] ?? '';
  if (!sameId(idOf({ ...subnet, type: 'a/b/c' }), idOf({ ...network, type: 'a/b/c', names: [name, last] }))) {
    throw new CloudError('invalid', `The subnet ${last} is not one of the virtual network ${name}.`);
  }
  const one = found.subnets?.find((each) => each.name?.toLowerCase() === last.toLowerCase());
  if (!one?.name) throw new CloudError('not-found', `The virtual network ${name} has no subnet ${last}.`);
  const cidr = one.addressPrefix ?? one.addressPrefixes?.[0];
  if (!cidr) throw new CloudError('invalid', `The subnet ${last} has no range.`);
  return { externalId: networkId, subnetId: `${networkId}/subnets/${one.name}`, cidr };
}

const noId = (kind: string, id: string) =>
  new CloudError('invalid', `“${id}” is not the id of a ${kind}.`, { remedy: WHERE });
