/**
 * One half of a VPC peering connection: the agreement, and the route in our own VPC. The side with the smaller cluster id
 * asks, the other agrees; both halves are one connection, on which each side writes tags of its own.
 */
import {
  AcceptVpcPeeringConnectionCommand,
  CreateTagsCommand,
  CreateVpcPeeringConnectionCommand,
  DeleteVpcPeeringConnectionCommand,
  type Filter,
  paginateDescribeVpcPeeringConnections,
  type VpcPeeringConnection,
} from '@aws-sdk/client-ec2';
import { waitFor } from '../bounded-wait.ts';
import {
  type CallContext,
  CloudError,
  type Keyed,
  type PeeringSpec,
  type PeeringState,
  type Resource,
} from '../provider.ts';
import { ask, askAll, askOfFresh, askUnlessGone, lookTwice, required } from './ask.ts';
import type { Connection } from './connection.ts';
import { awsCodeOf } from './errors.ts';
import { peeringRoutes } from './peering-route.ts';
import { halfFilters, halfTags, halvesOf, isAsking, ownerHalfFilters } from './peering-tags.ts';
import { taggedAs } from './tags.ts';

const LIVE = ['initiating-request', 'pending-acceptance', 'provisioning', 'active'];
const isLive = (one: VpcPeeringConnection) => LIVE.includes(one.Status?.Code ?? '');
const idOf = (one: VpcPeeringConnection) => required(one.VpcPeeringConnectionId, 'a peering connection id');

export function peerings({ ec2 }: Connection): Resource<PeeringSpec, PeeringState> {
  const routes = peeringRoutes(ec2);
  const connectionsBy = (filters: Filter[], context: CallContext) =>
    askAll(
      'listing VPC peering connections',
      context,
      (o) => paginateDescribeVpcPeeringConnections({ client: ec2 }, { Filters: filters }, o),
      (page) => page.VpcPeeringConnections,
    );
  const liveOf = async (at: Keyed, context: CallContext) =>
    (await connectionsBy(halfFilters(at), context)).find(isLive);
  const nearVpc = (at: Keyed, one: VpcPeeringConnection) =>
    required((isAsking(at) ? one.RequesterVpcInfo : one.AccepterVpcInfo)?.VpcId, 'the peered VPC’s id');

  async function stateOf(at: Keyed, one: VpcPeeringConnection, context: CallContext): Promise<PeeringState> {
    const cidrs = await routes.cidrs(nearVpc(at, one), idOf(one), context);
    return { externalId: idOf(one), active: one.Status?.Code === 'active' && cidrs.length > 0, cidrs };
  }

  /** Another connection between the two would stand in the way of ours; it is not ours to end. */
  const taken = (spec: PeeringSpec, id: string | undefined) =>
    new CloudError(
      'not-ours',
      `The VPCs ${spec.near.externalId} and ${spec.far.network.externalId} are peered already${id ? ` by ${id}` : ''}, without our tags; it is left alone.`,
      { remedy: 'Delete that peering, or switch peering off for this network.' },
    );

  async function ensureAsked(spec: PeeringSpec, context: CallContext): Promise<VpcPeeringConnection> {
    const found = await liveOf(spec, context);
    if (found) return found;
    const made = await askOfFresh('asking for the VPC peering', context, (o) =>
      ec2.send(
        new CreateVpcPeeringConnectionCommand({
          VpcId: spec.near.externalId,
          PeerVpcId: spec.far.network.externalId,
          PeerRegion: spec.far.region,
          ...(spec.far.holder === null ? {} : { PeerOwnerId: spec.far.holder }),
          TagSpecifications: taggedAs('vpc-peering-connection', spec, spec.name),
        }),
        o,
      ),
    ).catch((error) => {
      throw awsCodeOf(error) === 'VpcPeeringConnectionAlreadyExists' ? taken(spec, undefined) : error;
    });
    const id = idOf(required(made.VpcPeeringConnection, 'a peering connection'));
    // AWS finds out what is wrong with a request only after it has taken it.
    return waitFor(
      async () => {
        const [one] = await connectionsBy([{ Name: 'vpc-peering-connection-id', Values: [id] }], context);
        if (one?.Status?.Code === 'failed')
          throw new CloudError(
            'invalid',
            `AWS, peering the VPCs: ${one.Status.Message ?? 'it failed'} (${id}).`,
            {
              remedy: 'Two VPCs that share addresses cannot be peered.',
            },
          );
        if (!one || !isLive(one)) return undefined;
        // A request that somebody else had made before is given back instead of ours.
        if (halvesOf(one.Tags).length === 0) throw taken(spec, id);
        return one;
      },
      { what: `the peering connection ${id} to show`, limitSeconds: 60, context },
    );
  }

  /** The other side's request: known by its two VPCs, which are both ours; then by our tags. */
  async function ensureAgreed(spec: PeeringSpec, context: CallContext): Promise<VpcPeeringConnection> {
    const filters = [
      { Name: 'requester-vpc-info.vpc-id', Values: [spec.far.network.externalId] },
      { Name: 'accepter-vpc-info.vpc-id', Values: [spec.near.externalId] },
    ];
    const pending = await waitFor(async () => (await connectionsBy(filters, context)).find(isLive), {
      what: `the peering request of VPC ${spec.far.network.externalId} to show`,
      limitSeconds: 60,
      context,
    });
    const id = idOf(pending);
    if (pending.Status?.Code === 'active' && halvesOf(pending.Tags).length === 0) throw taken(spec, id);
    // Tags first: whatever is active and ours can be found.
    await askOfFresh('tagging the VPC peering', context, (o) =>
      ec2.send(new CreateTagsCommand({ Resources: [id], Tags: halfTags(spec) }), o),
    );
    return waitFor(
      async () => {
        const [one] = await connectionsBy([{ Name: 'vpc-peering-connection-id', Values: [id] }], context);
        if (one?.Status?.Code === 'active') return one;
        if (one?.Status?.Code === 'pending-acceptance')
          await ask('agreeing to the VPC peering', context, (o) =>
            ec2.send(new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId: id }), o),
          ).catch((error) => {
            // Another call of ours was quicker.
            if (awsCodeOf(error) !== 'InvalidStateTransition') throw error;
          });
        return undefined;
      },
      { what: `the peering connection ${id} to be active`, limitSeconds: 120, context },
    );
  }

  return {
    async observe(at, context) {
      const found = await liveOf(at, context);
      return found && stateOf(at, found, context);
    },

    async reconcile(spec, context) {
      const one = isAsking(spec) ? await ensureAsked(spec, context) : await ensureAgreed(spec, context);
      const id = idOf(one);
      await routes.ensure(spec.near, spec.far.network.cidr, id, context);
      return waitFor(
        async () => {
          const [now] = await connectionsBy([{ Name: 'vpc-peering-connection-id', Values: [id] }], context);
          const state = now && (await stateOf(spec, now, context));
          return state?.cidrs.includes(spec.far.network.cidr) ? state : undefined;
        },
        { what: `the route to ${spec.far.network.cidr} to show`, limitSeconds: 60, context },
      );
    },

    async delete(at, context) {
      // Those that are over too: the other half may have gone first, and left our route pointing nowhere.
      for (const one of await lookTwice(() => connectionsBy(halfFilters(at), context), context)) {
        const id = idOf(one);
        await routes.remove(nearVpc(at, one), id, context);
        // A request that nobody agreed to is the asking side's to take back.
        if (!isLive(one) || (!isAsking(at) && one.Status?.Code !== 'active')) continue;
        await askUnlessGone('deleting the VPC peering', context, (o) =>
          ec2.send(new DeleteVpcPeeringConnectionCommand({ VpcPeeringConnectionId: id }), o),
        ).catch((error) => {
          if (awsCodeOf(error) !== 'InvalidStateTransition') throw error;
        });
        await waitFor(
          async () => {
            const left = await connectionsBy([{ Name: 'vpc-peering-connection-id', Values: [id] }], context);
            return left.some(isLive) ? undefined : true;
          },
          { what: `the peering connection ${id} to end`, limitSeconds: 120, context },
        );
      }
    },

    async list(owner, context) {
      const found: (PeeringState & Keyed)[] = [];
      const seen = new Set<string>();
      for (const filters of ownerHalfFilters(owner)) {
        for (const one of (await connectionsBy(filters, context)).filter(isLive)) {
          for (const at of halvesOf(one.Tags)) {
            const name = `${at.owner.clusterId} ${at.key}`;
            const wanted = owner.clusterId === undefined || at.owner.clusterId === owner.clusterId;
            if (!wanted || seen.has(name)) continue;
            seen.add(name);
            found.push({ ...(await stateOf(at, one, context)), ...at });
          }
        }
      }
      return found;
    },
  };
}
