/** A virtual network with one subnet, in the cluster's resource group, which it takes with it when it goes. */
import type { VirtualNetwork } from '@azure/arm-network';
import { backOff, pause } from '../bounded-wait.ts';
import {
  type CallContext,
  CloudError,
  type Keyed,
  type NetworkSpec,
  type NetworkState,
  type Resource,
} from '../provider.ts';
import type { Connection } from './connection.ts';
import { ensure, failed, inProgress, oursOnly, remove, type Subject } from './ensure.ts';
import { contentsOf, ensureGroup, groupIsOurs, groupsOf, removeGroupIfEmpty } from './group.ts';
import { groupNameFor, nameFor, sameId } from './names.ts';
import { isOf, keyedBy, ownerTags } from './tags.ts';

const SUBNET = 'nodes';
const LETTING_GO_TRIES = 3;
const TYPE = 'Microsoft.Network/virtualNetworks';

export function networks(connection: Connection): Resource<NetworkSpec, NetworkState> {
  const subjectOf = (at: Keyed, context: CallContext): Subject<'network', VirtualNetwork> => {
    const [group, name] = [groupNameFor(at.owner), nameFor(at.key)];
    return {
      family: 'network',
      what: `the virtual network ${group}/${name}`,
      id: connection.id(group, TYPE, name),
      get: () =>
        connection.askUnlessGone('network', 'reading the virtual network', context, (on, o) =>
          on.virtualNetworks.get(group, name, o),
        ),
      ours: (one) => isOf(one.tags, at),
    };
  };
  const subnetOf = (one: VirtualNetwork) => one.subnets?.find((subnet) => subnet.name === SUBNET);

  function stateOf(id: string, one: VirtualNetwork): NetworkState {
    const subnet = subnetOf(one);
    const whole = subnet && !inProgress(one) && !failed(one);
    return {
      externalId: id,
      subnetId: whole ? `${id}/subnets/${SUBNET}` : '',
      cidr: one.addressSpace?.addressPrefixes?.[0] ?? '',
    };
  }

  /** What would have to go first, beside our own subnet. */
  async function holders(id: string, one: VirtualNetwork | undefined, group: string, context: CallContext) {
    const inGroup = (await contentsOf(connection, group, context)).filter((held) => !sameId(held, id));
    const subnets = (one?.subnets ?? []).filter((subnet) => subnet.name !== SUBNET);
    // Azure would let a peered network go, and leave the other side with half a peering.
    const peered = (one?.virtualNetworkPeerings ?? []).filter((half) => half.peeringState !== 'Disconnected');
    return [
      ...inGroup,
      ...subnets.map((subnet) => `subnet ${subnet.name}`),
      ...peered.map((half) => `peering ${half.name}`),
    ];
  }

  return {
    async observe(at, context) {
      const subject = subjectOf(at, context);
      const found = await oursOnly(subject);
      return found && stateOf(subject.id, found);
    },

    async reconcile(spec, context) {
      const subject = subjectOf(spec, context);
      const [group, name] = [groupNameFor(spec.owner), nameFor(spec.key)];
      const subnet = { addressPrefix: spec.cidr, defaultOutboundAccess: false };
      const { one: made } = await ensure(
        connection,
        subject,
        {
          ground: () => ensureGroup(connection, spec.owner, context),
          right: (one) => {
            const held = one.addressSpace?.addressPrefixes ?? [];
            // Only what is whole tells: a range cannot change once there is something in it.
            if (!failed(one) && held.length > 0 && !held.includes(spec.cidr)) {
              throw new CloudError(
                'conflict',
                `Virtual network ${subject.id} has the range ${held.join(', ')}, not ${spec.cidr}.`,
                { remedy: 'Delete the network first: its range cannot change.' },
              );
            }
            return !failed(one) && subnetOf(one)?.addressPrefix === spec.cidr;
          },
          put: (found) => (on, o) =>
            found && !failed(found)
              ? // Never the whole network again: that would take others’ subnets and all peerings away.
                on.subnets.createOrUpdate(group, name, SUBNET, subnet, o)
              : on.virtualNetworks.createOrUpdate(
                  group,
                  name,
                  {
                    location: connection.region,
                    tags: { ...found?.tags, ...ownerTags(spec, spec.name) },
                    addressSpace: { addressPrefixes: [spec.cidr] },
                    subnets: [{ name: SUBNET, ...subnet }],
                  },
                  o,
                ),
        },
        context,
      );
      return stateOf(subject.id, made);
    },

    async delete(at, context) {
      const subject = subjectOf(at, context);
      const [group, name] = [groupNameFor(at.owner), nameFor(at.key)];
      for (let attempt = 0; ; attempt++) {
        const held = await holders(subject.id, await subject.get(), group, context);
        if (held.length === 0 || !(await groupIsOurs(connection, at.owner, context))) break;
        if (attempt === LETTING_GO_TRIES) {
          throw new CloudError('in-use', `Network ${subject.id} is still used by ${held.join(', ')}.`, {
            remedy: 'Delete those first, or move them to another resource group.',
          });
        }
        // What has just gone may show for some seconds more.
        context.waitingFor(`what is in ${group} to go`);
        await pause(backOff(attempt, 500, 4_000), context.signal);
      }
      await remove(connection, subject, (on, o) => on.virtualNetworks.delete(group, name, o), context);
      await removeGroupIfEmpty(connection, at.owner, context);
    },

    async list(owner, context) {
      const groups = await groupsOf(connection, owner, context);
      const lists = await Promise.all(
        groups.map((group) =>
          connection.askAll('network', 'listing virtual networks', context, (on, o) =>
            on.virtualNetworks.list(group, o),
          ),
        ),
      );
      return lists.flat().flatMap((one) => {
        const by = keyedBy(one.tags);
        if (!by || by.part !== null || !one.name) return [];
        const id = connection.id(groupNameFor(by.owner), TYPE, one.name);
        return [{ ...stateOf(id, one), owner: by.owner, key: by.key }];
      });
    },
  };
}
