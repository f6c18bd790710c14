/** Routes over a VPC peering connection, in the route table of our own subnet. */
import {
  CreateRouteCommand,
  DeleteRouteCommand,
  type EC2Client,
  type Filter,
  paginateDescribeRouteTables,
  ReplaceRouteCommand,
  type Route,
} from '@aws-sdk/client-ec2';
import { type CallContext, CloudError, type NetworkState } from '../provider.ts';
import { ask, askAll, askOfFresh, required } from './ask.ts';
import { awsCodeOf } from './errors.ts';

const targetOf = (route: Route) =>
  route.GatewayId ??
  route.VpcPeeringConnectionId ??
  route.TransitGatewayId ??
  route.NatGatewayId ??
  route.NetworkInterfaceId ??
  'something else';

export function peeringRoutes(ec2: EC2Client) {
  const tablesBy = (filters: Filter[], context: CallContext) =>
    askAll(
      'reading the route table',
      context,
      (o) => paginateDescribeRouteTables({ client: ec2 }, { Filters: filters }, o),
      (page) => page.RouteTables,
    );
  const over = (vpcId: string, peeringId: string, context: CallContext) =>
    tablesBy(
      [
        { Name: 'vpc-id', Values: [vpcId] },
        { Name: 'route.vpc-peering-connection-id', Values: [peeringId] },
      ],
      context,
    );

  /** The subnet's own table, else the VPC's main one. */
  async function tableOf({ externalId, subnetId }: NetworkState, context: CallContext) {
    const own = await tablesBy([{ Name: 'association.subnet-id', Values: [subnetId] }], context);
    const main = [
      { Name: 'vpc-id', Values: [externalId] },
      { Name: 'association.main', Values: ['true'] },
    ];
    return required(own[0] ?? (await tablesBy(main, context))[0], 'the subnet’s route table');
  }

  return {
    /** Ranges of a VPC that go over the connection, sorted. */
    async cidrs(vpcId: string, peeringId: string, context: CallContext): Promise<string[]> {
      const routes = (await over(vpcId, peeringId, context)).flatMap((table) => table.Routes ?? []);
      const ours = routes.filter((route) => route.VpcPeeringConnectionId === peeringId);
      return [...new Set(ours.flatMap((route) => route.DestinationCidrBlock ?? []))].sort();
    },

    /** @throws CloudError `conflict` where the table sends the range somewhere else already. */
    async ensure(near: NetworkState, cidr: string, peeringId: string, context: CallContext): Promise<void> {
      const table = await tableOf(near, context);
      const RouteTableId = required(table.RouteTableId, 'a route table id');
      const held = table.Routes?.find((route) => route.DestinationCidrBlock === cidr);
      if (held?.VpcPeeringConnectionId === peeringId) return;
      // One that leads nowhere is left of a peering that is over.
      if (held && held.State !== 'blackhole')
        throw new CloudError(
          'conflict',
          `Route table ${RouteTableId} sends ${cidr} to ${targetOf(held)} already; it is left alone.`,
          { remedy: 'Take that route away, or switch peering off for this network.' },
        );
      const input = { RouteTableId, DestinationCidrBlock: cidr, VpcPeeringConnectionId: peeringId };
      await askOfFresh('routing to the peered VPC', context, (o) =>
        held ? ec2.send(new ReplaceRouteCommand(input), o) : ec2.send(new CreateRouteCommand(input), o),
      ).catch((error) => {
        // The same call, made elsewhere or with its answer lost: whoever looks next sees whose route it is.
        if (awsCodeOf(error) !== 'RouteAlreadyExists') throw error;
      });
    },

    /** Takes away the VPC's routes over the connection, and no others. */
    async remove(vpcId: string, peeringId: string, context: CallContext): Promise<void> {
      for (const table of await over(vpcId, peeringId, context)) {
        for (const route of table.Routes ?? []) {
          if (route.VpcPeeringConnectionId !== peeringId) continue;
          const { RouteTableId } = table;
          const { DestinationCidrBlock } = route;
          await ask('taking the route to the peered VPC away', context, (o) =>
            ec2.send(new DeleteRouteCommand({ RouteTableId, DestinationCidrBlock }), o),
          ).catch((error) => {
            if (!(error instanceof CloudError) || error.code !== 'not-found') throw error;
          });
        }
      }
    },
  };
}
