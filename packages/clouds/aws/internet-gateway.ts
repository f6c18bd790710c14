/** A VPC's way to the internet: its internet gateway, and the route to it. */
import {
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  DeleteInternetGatewayCommand,
  DetachInternetGatewayCommand,
  type EC2Client,
  type Filter,
  paginateDescribeInternetGateways,
  paginateDescribeRouteTables,
  ReplaceRouteCommand,
  type RouteTable,
} from '@aws-sdk/client-ec2';
import { allOf, waitFor } from '../bounded-wait.ts';
import type { CallContext, Keyed, NetworkSpec } from '../provider.ts';
import { ask, askAll, askOfFresh, askUnlessGone, required } from './ask.ts';
import { awsCodeOf } from './errors.ts';
import { filtersFor, taggedAs } from './tags.ts';

export function internetGateways(ec2: EC2Client) {
  const internetGatewaysBy = (filters: Filter[], context: CallContext) =>
    askAll(
      'listing internet gateways',
      context,
      (o) => paginateDescribeInternetGateways({ client: ec2 }, { Filters: filters }, o),
      (page) => page.InternetGateways,
    );

  async function ensureInternetGateway(
    vpcId: string,
    spec: NetworkSpec,
    context: CallContext,
  ): Promise<string> {
    const attached = async () =>
      (await internetGatewaysBy([{ Name: 'attachment.vpc-id', Values: [vpcId] }], context))[0]
        ?.InternetGatewayId;
    const [found, ours] = await allOf([attached(), internetGatewaysBy(filtersFor(spec), context)]);
    if (found) {
      await removeSpare(spec, context);
      return found;
    }
    const loose = ours.find((one) => (one.Attachments ?? []).length === 0)?.InternetGatewayId;
    const id = loose ?? (await createInternetGateway(spec, context));
    try {
      await askOfFresh('attaching the internet gateway', context, (o) =>
        ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: id, VpcId: vpcId }), o),
      );
      return id;
    } catch (error) {
      // A VPC takes one gateway: another call was quicker, and ours is one too many.
      const other = await attached();
      if (!other) throw error;
      await removeSpare(spec, context);
      return other;
    }
  }

  /** A creation whose answer was lost, or a worker that was killed, may have left one more. */
  async function removeSpare(spec: NetworkSpec, context: CallContext) {
    await removeInternetGateways(spec, null, context).catch((error) => {
      // A stale read showed the attached one as loose; AWS knows better.
      if (awsCodeOf(error) !== 'DependencyViolation') throw error;
    });
  }

  async function createInternetGateway(spec: NetworkSpec, context: CallContext): Promise<string> {
    const made = await ask('creating the internet gateway', context, (o) =>
      ec2.send(
        new CreateInternetGatewayCommand({
          TagSpecifications: taggedAs('internet-gateway', spec, spec.name),
        }),
        o,
      ),
    );
    return required(made.InternetGateway?.InternetGatewayId, 'an internet gateway id');
  }

  /** It comes and goes with the VPC. */
  async function mainRouteTable(vpcId: string, context: CallContext): Promise<RouteTable> {
    const filters = [
      { Name: 'vpc-id', Values: [vpcId] },
      { Name: 'association.main', Values: ['true'] },
    ];
    const find = async () => {
      const tables = await askAll(
        'reading the route table',
        context,
        (o) => paginateDescribeRouteTables({ client: ec2 }, { Filters: filters }, o),
        (page) => page.RouteTables,
      );
      return tables[0];
    };
    return waitFor(find, { what: `the route table of VPC ${vpcId} to show`, limitSeconds: 60, context });
  }

  async function ensureWayOut(table: RouteTable, gatewayId: string, context: CallContext) {
    const RouteTableId = required(table.RouteTableId, 'the VPC’s main route table');
    const route = table.Routes?.find((one) => one.DestinationCidrBlock === '0.0.0.0/0');
    if (route?.GatewayId === gatewayId && route.State !== 'blackhole') return;
    const input = { RouteTableId, DestinationCidrBlock: '0.0.0.0/0', GatewayId: gatewayId };
    await askOfFresh('routing to the internet', context, (o) =>
      route ? ec2.send(new ReplaceRouteCommand(input), o) : ec2.send(new CreateRouteCommand(input), o),
    );
  }

  /** Those of ours attached to the VPC (null: to none). */
  async function removeInternetGateways(at: Keyed, vpcId: string | null, context: CallContext) {
    for (const gateway of await internetGatewaysBy(filtersFor(at), context)) {
      const attachedTo = gateway.Attachments?.[0]?.VpcId ?? null;
      if (attachedTo !== vpcId && attachedTo !== null) continue;
      const InternetGatewayId = required(gateway.InternetGatewayId, 'an internet gateway id');
      if (attachedTo !== null) {
        await ask('detaching the internet gateway', context, (o) =>
          ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId, VpcId: attachedTo }), o),
        ).catch((error) => {
          if (awsCodeOf(error) !== 'Gateway.NotAttached') throw error;
        });
      }
      await askUnlessGone('deleting the internet gateway', context, (o) =>
        ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId }), o),
      );
    }
  }

  return {
    /** Attaches a gateway of ours, unless there is one, and routes to it. */
    async ensure(vpcId: string, spec: NetworkSpec, context: CallContext): Promise<void> {
      const [table, gatewayId] = await allOf([
        mainRouteTable(vpcId, context),
        ensureInternetGateway(vpcId, spec, context),
      ]);
      await ensureWayOut(table, gatewayId, context);
    },
    remove: removeInternetGateways,
  };
}
