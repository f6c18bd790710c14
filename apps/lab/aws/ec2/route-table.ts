/** Route tables: which subnets reach the internet gateway. */
import { formatCidr, knownCidr, overlaps, parseCidr } from '../cidr.ts';
import { AwsError } from '../wire/error.ts';
import type { Params } from '../wire/query.ts';
import type { Xml } from '../wire/xml.ts';
import {
  DONE,
  type Ec2Actions,
  type Ec2Call,
  findGateway,
  findRouteTable,
  findSubnet,
  findVpc,
  newId,
  reads,
  writes,
} from './call.ts';
import { chosen, selectRows } from './filter.ts';
import { findPeering } from './peering-view.ts';
import type { Ec2State, RegionState, Route, RouteTable } from './state.ts';
import { tagSet, tagSpecifications } from './tag.ts';

const MOST_ROUTES = 50;

export const routeTableActions: Ec2Actions = {
  CreateRouteTable: writes((call) => {
    const { params, state } = call;
    const vpc = findVpc(state, params.required('VpcId'));
    const tags = tagSpecifications(params, ['route-table'])['route-table'];
    const clientToken = params.text('ClientToken') ?? null;
    const made =
      clientToken && Object.values(state.routeTables).find((each) => each.clientToken === clientToken);
    if (made && made.vpcId !== vpc.id)
      throw new AwsError(
        'IdempotentParameterMismatch',
        'The request uses the same client token as a previous, but non-identical request.',
      );
    if (made) return { routeTable: view(call, made), clientToken };
    const table: RouteTable = {
      id: newId('rtb'),
      vpcId: vpc.id,
      associations: [],
      routes: [],
      clientToken,
      tags,
    };
    state.routeTables[table.id] = table;
    return { routeTable: view(call, table), clientToken };
  }),

  DeleteRouteTable: writes(({ params, state }) => {
    const table = findRouteTable(state, params.required('RouteTableId'));
    if (table.associations.length > 0)
      throw new AwsError(
        'DependencyViolation',
        `The routeTable '${table.id}' has dependencies and cannot be deleted.`,
      );
    delete state.routeTables[table.id];
    return DONE;
  }),

  AssociateRouteTable: writes(({ params, state }) => {
    const table = findRouteTable(state, params.required('RouteTableId'));
    const subnet = findSubnet(state, params.required('SubnetId'));
    if (table.vpcId !== subnet.vpcId)
      throw new AwsError(
        'InvalidParameterValue',
        `Route table ${table.id} and subnet ${subnet.id} belong to different networks`,
      );
    for (const other of Object.values(state.routeTables)) {
      const present = other.associations.find((association) => association.subnetId === subnet.id);
      if (present && other.id === table.id)
        return { associationId: present.id, associationState: { state: 'associated' } };
      if (present)
        throw new AwsError(
          'Resource.AlreadyAssociated',
          `the specified association for route table ${table.id} conflicts with an existing association`,
        );
    }
    const association = { id: newId('rtbassoc'), subnetId: subnet.id };
    table.associations.push(association);
    return { associationId: association.id, associationState: { state: 'associated' } };
  }),

  DisassociateRouteTable: writes(({ params, state }) => {
    const id = params.required('AssociationId');
    const table = Object.values(state.routeTables).find((each) =>
      each.associations.some((one) => one.id === id),
    );
    if (!table)
      throw new AwsError('InvalidAssociationID.NotFound', `The association ID '${id}' does not exist`);
    if (table.associations.some((one) => one.id === id && one.subnetId === null))
      throw new AwsError(
        'InvalidParameterValue',
        `cannot disassociate the main route table association ${id}`,
      );
    table.associations = table.associations.filter((one) => one.id !== id);
    return DONE;
  }),

  CreateRoute: writes((call) => {
    const { table, route } = readRoute(call);
    const { cidr } = route;
    const same = table.routes.find((each) => each.cidr === cidr);
    if (same && targetOf(same) !== targetOf(route))
      throw new AwsError('RouteAlreadyExists', `The route identified by ${cidr} already exists.`);
    if (same) return DONE;
    if (table.routes.length >= MOST_ROUTES)
      throw new AwsError('RouteLimitExceeded', 'The maximum number of routes has been reached.');
    table.routes.push(route);
    return DONE;
  }),

  ReplaceRoute: writes((call) => {
    const { table, route } = readRoute(call);
    const { cidr } = route;
    if (!table.routes.some((each) => each.cidr === cidr))
      throw new AwsError(
        'InvalidParameterValue',
        `There is no route defined for '${cidr}' in the route table. Use CreateRoute instead.`,
      );
    table.routes = table.routes.map((each) => (each.cidr === cidr ? route : each));
    return DONE;
  }),

  DeleteRoute: writes(({ params, state }) => {
    const table = findRouteTable(state, params.required('RouteTableId'));
    const cidr = destination(params);
    if (cidr === state.vpcs[table.vpcId]?.cidr)
      throw new AwsError(
        'InvalidParameterValue',
        `cannot remove local route ${cidr} in route table ${table.id}`,
      );
    if (!table.routes.some((route) => route.cidr === cidr))
      throw new AwsError(
        'InvalidRoute.NotFound',
        `no route with destination-cidr-block ${cidr} in route table ${table.id}`,
      );
    table.routes = table.routes.filter((route) => route.cidr !== cidr);
    return DONE;
  }),

  DescribeRouteTables: reads((call) => {
    const { params, state } = call;
    const rows = chosen(params.list('RouteTableId'), state.routeTables, (id) => findRouteTable(state, id));
    const { page, nextToken } = selectRows(params, rows, {
      'route-table-id': (table) => table.id,
      'vpc-id': (table) => table.vpcId,
      'association.main': (table) => String(table.associations.some((one) => one.subnetId === null)),
      'association.subnet-id': (table) => table.associations.flatMap((one) => one.subnetId ?? []),
      'association.route-table-association-id': (table) => table.associations.map((one) => one.id),
      'association.route-table-id': (table) => (table.associations.length > 0 ? table.id : null),
      'route.destination-cidr-block': (table) => [
        state.vpcs[table.vpcId]?.cidr ?? '',
        ...table.routes.map((route) => route.cidr),
      ],
      'route.gateway-id': (table) => [
        'local',
        ...table.routes.flatMap((route) => ('gatewayId' in route ? route.gatewayId : [])),
      ],
      'route.vpc-peering-connection-id': (table) =>
        table.routes.flatMap((route) => ('peeringId' in route ? route.peeringId : [])),
      'owner-id': () => call.account.accountId,
    });
    return { routeTableSet: { item: page.map((table) => view(call, table)) }, nextToken };
  }),
};

/** A route to an internet gateway of the table's VPC, or over a peering of it, beyond the VPC's own range. */
function readRoute(call: Ec2Call): { table: RouteTable; route: Route } {
  const { params, state } = call;
  const table = findRouteTable(state, params.required('RouteTableId'));
  const cidr = destination(params);
  const [gatewayId, peeringId] = [params.text('GatewayId'), params.text('VpcPeeringConnectionId')];
  const target =
    gatewayId && !peeringId ? { gatewayId } : peeringId && !gatewayId ? { peeringId } : undefined;
  if (!target)
    throw new AwsError(
      'InvalidParameterCombination',
      'Exactly one target of the route must be specified; this lab knows GatewayId and VpcPeeringConnectionId.',
    );
  if ('gatewayId' in target) {
    const gateway = findGateway(state, target.gatewayId);
    if (gateway.vpcId !== table.vpcId)
      throw new AwsError(
        'InvalidParameterValue',
        `route table ${table.id} and network gateway ${gateway.id} belong to different networks`,
      );
  } else {
    const peering = findPeering(call, target.peeringId);
    if (peering.requester.vpcId !== table.vpcId && peering.accepter.vpcId !== table.vpcId)
      throw new AwsError(
        'InvalidParameterValue',
        `route table ${table.id} and interface ${peering.id} belong to different networks`,
      );
    if (peering.status !== 'active' && peering.status !== 'pending-acceptance')
      throw new AwsError(
        'InvalidVpcPeeringConnectionID.NotFound',
        `The vpcPeeringConnection ID '${peering.id}' does not exist`,
      );
  }
  const local = state.vpcs[table.vpcId]?.cidr ?? '';
  if (cidr === local)
    throw new AwsError('RouteAlreadyExists', `The route identified by ${cidr} already exists.`);
  if (cidr !== '0.0.0.0/0' && overlaps(knownCidr(cidr), knownCidr(local)))
    throw new AwsError(
      'InvalidParameterValue',
      `The destination CIDR block ${cidr} is equal to or more specific than one of this VPC's CIDR blocks.`,
    );
  return { table, route: { cidr, ...target } };
}

function destination(params: Params): string {
  const text = params.required('DestinationCidrBlock');
  const cidr = parseCidr(text);
  if (!cidr)
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${text}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.`,
    );
  return formatCidr(cidr);
}

/** The table that rules a subnet: its own, else the VPC's main one. */
export function tableOf(state: RegionState, subnetId: string): RouteTable | undefined {
  const tables = Object.values(state.routeTables);
  const vpcId = state.subnets[subnetId]?.vpcId;
  return (
    tables.find((table) => table.associations.some((one) => one.subnetId === subnetId)) ??
    tables.find((table) => table.vpcId === vpcId && table.associations.some((one) => one.subnetId === null))
  );
}

/** A route whose gateway was detached since, or whose peering is not active, shows as `blackhole`. */
export function isActive(whole: Ec2State, state: RegionState, table: RouteTable, route: Route): boolean {
  return 'gatewayId' in route
    ? state.gateways[route.gatewayId]?.vpcId === table.vpcId
    : whole.peerings[route.peeringId]?.status === 'active';
}

const targetOf = (route: Route) => ('gatewayId' in route ? route.gatewayId : route.peeringId);

function view(call: Ec2Call, table: RouteTable): Xml {
  const { state } = call;
  return {
    routeTableId: table.id,
    vpcId: table.vpcId,
    ownerId: call.account.accountId,
    routeSet: {
      item: [
        {
          destinationCidrBlock: state.vpcs[table.vpcId]?.cidr,
          gatewayId: 'local',
          state: 'active',
          origin: 'CreateRouteTable',
        },
        ...table.routes.map((route) => ({
          destinationCidrBlock: route.cidr,
          ...('gatewayId' in route
            ? { gatewayId: route.gatewayId }
            : { vpcPeeringConnectionId: route.peeringId }),
          state: isActive(call.whole, state, table, route) ? 'active' : 'blackhole',
          origin: 'CreateRoute',
        })),
      ],
    },
    associationSet: {
      item: table.associations.map((one) => ({
        routeTableAssociationId: one.id,
        routeTableId: table.id,
        subnetId: one.subnetId,
        main: one.subnetId === null,
        associationState: { state: 'associated' },
      })),
    },
    propagatingVgwSet: {},
    tagSet: tagSet(table.tags),
  };
}
