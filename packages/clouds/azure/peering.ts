/** Our half of a peering: it lets the other network's traffic in, forwarded traffic too, for gateways forward. */
import type { VirtualNetwork, VirtualNetworkPeering } from '@azure/arm-network';
import {
  type CallContext,
  CloudError,
  type Keyed,
  type PeeringSpec,
  type PeeringState,
  type Resource,
} from '../provider.ts';
import { within } from '../within.ts';
import type { Connection } from './connection.ts';
import { ensure, failed, remove, type Subject } from './ensure.ts';
import { azureCodeOf } from './errors.ts';
import { inRegion } from './group.ts';
import { parseId, type ResourceId, sameId } from './names.ts';
import { peeringIn, peeringName } from './peering-name.ts';

const PEERING = 'virtualNetworkPeerings';

interface Held {
  peering: VirtualNetworkPeering;
  /** The network that it hangs on. */
  network: ResourceId;
}

export function peerings(connection: Connection): Resource<PeeringSpec, PeeringState> {
  /** Of all networks in the region: ours, and those of others that clusters of ours are in. */
  async function held(context: CallContext): Promise<Held[]> {
    const all = await connection.askAll<'network', VirtualNetwork>(
      'network',
      'listing virtual networks',
      context,
      (on, o) => on.virtualNetworks.listAll(o),
    );
    return all.flatMap((one) => {
      const network = parseId(one.id ?? '');
      if (!network || !inRegion(connection, one)) return [];
      return (one.virtualNetworkPeerings ?? []).map((peering) => ({ peering, network }));
    });
  }
  const idIn = ({ group, names }: ResourceId, name: string) =>
    `${connection.id(group, 'Microsoft.Network/virtualNetworks', names[0] ?? '')}/${PEERING}/${name}`;

  function subjectIn(
    { group, names }: ResourceId,
    name: string,
    context: CallContext,
  ): Subject<'network', VirtualNetworkPeering & { tags?: Record<string, string> }> {
    const network = names[0] ?? '';
    return {
      family: 'network',
      what: `the peering ${group}/${network}/${name}`,
      id: idIn({ group, names } as ResourceId, name),
      get: () =>
        connection.askUnlessGone('network', 'reading the peering', context, (on, o) =>
          on.virtualNetworkPeerings.get(group, network, name, o),
        ),
      // Its name is the mark.
      ours: () => true,
    };
  }

  const stateOf = (id: string, one: VirtualNetworkPeering): PeeringState => {
    const active = one.peeringState === 'Connected' && !failed(one);
    const far = one.remoteVirtualNetworkAddressSpace ?? one.remoteAddressSpace;
    return { externalId: id, active, cidrs: [...(far?.addressPrefixes ?? [])].sort() };
  };
  const find = async (at: Keyed, context: CallContext) => {
    const name = peeringName(at);
    return (await held(context)).find(({ peering }) => peering.name === name);
  };
  const removeIn = (network: ResourceId, name: string, context: CallContext) =>
    remove(
      connection,
      subjectIn(network, name, context),
      (on, o) => on.virtualNetworkPeerings.delete(network.group, network.names[0] ?? '', name, o),
      context,
    );

  return {
    async observe(at, context) {
      const found = await find(at, context);
      return found && stateOf(idIn(found.network, peeringName(at)), found.peering);
    },

    async reconcile(spec, context) {
      const near = parseId(spec.near.externalId);
      if (!near) {
        throw new CloudError('invalid', `“${spec.near.externalId}” is not the id of a virtual network.`);
      }
      const name = peeringName(spec);
      const subject = subjectIn(near, name, context);
      const there = await subject.get();
      // A half whose other half was deleted never joins again; one to another network is of no use either.
      if (there && (there.peeringState === 'Disconnected' || !leadsTo(there, spec))) {
        await removeIn(near, name, context);
      }
      const making = ensure(
        connection,
        subject,
        {
          // Its network is there, and stays.
          ground: async () => ({ changed: false }),
          right: (one) =>
            !failed(one) &&
            leadsTo(one, spec) &&
            one.allowForwardedTraffic === true &&
            one.allowVirtualNetworkAccess === true,
          put: () => (on, o) =>
            on.virtualNetworkPeerings.createOrUpdate(
              near.group,
              near.names[0] ?? '',
              name,
              {
                remoteVirtualNetwork: { id: spec.far.network.externalId },
                allowVirtualNetworkAccess: true,
                allowForwardedTraffic: true,
                allowGatewayTransit: false,
                useRemoteGateways: false,
              },
              o,
            ),
        },
        context,
      );
      const made = await making.catch((error) => {
        // A half that lost this one is in the way, and its own side's to make anew; then ours is.
        if (azureCodeOf(error) === 'RemotePeeringIsDisconnected') return undefined;
        throw error;
      });
      if (!made) return { externalId: subject.id, active: false, cidrs: [] };
      return stateOf(subject.id, made.one);
    },

    async delete(at, context) {
      const found = await find(at, context);
      if (found) await removeIn(found.network, peeringName(at), context);
    },

    async list(owner, context) {
      return (await held(context)).flatMap(({ peering, network }) => {
        const at = peeringIn(peering.name, owner.organizationId);
        if (!at || !peering.name || !within(at.owner, owner)) return [];
        return [{ ...stateOf(idIn(network, peering.name), peering), ...at }];
      });
    },
  };
}

const leadsTo = (one: VirtualNetworkPeering, spec: PeeringSpec) =>
  sameId(one.remoteVirtualNetwork?.id, spec.far.network.externalId);
