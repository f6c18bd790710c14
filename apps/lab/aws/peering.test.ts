import { join } from 'node:path';
import {
  AcceptVpcPeeringConnectionCommand,
  CreateRouteCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  CreateVpcPeeringConnectionCommand,
  DeleteRouteCommand,
  DeleteVpcCommand,
  DeleteVpcPeeringConnectionCommand,
  DescribeRouteTablesCommand,
  DescribeVpcPeeringConnectionsCommand,
  EC2Client,
  RejectVpcPeeringConnectionCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAccounts } from '../store/accounts.ts';
import { openStore } from '../store/store.ts';
import { type LabFixture, makeNetwork, openFixture, refusalOf } from './fixture.ts';

let fixture: LabFixture;
let east: EC2Client;
let west: EC2Client;
beforeAll(async () => {
  fixture = await openFixture();
  east = fixture.ec2('us-east-1');
  west = fixture.ec2('us-west-2');
});
afterAll(() => fixture.close());

const ask = (from: EC2Client, VpcId: string, PeerVpcId: string, PeerRegion?: string) =>
  from.send(
    new CreateVpcPeeringConnectionCommand({
      VpcId,
      PeerVpcId,
      ...(PeerRegion ? { PeerRegion } : {}),
      TagSpecifications: [{ ResourceType: 'vpc-peering-connection', Tags: [{ Key: 'Name', Value: 'ours' }] }],
    }),
  );
const idOf = async (asked: ReturnType<typeof ask>) =>
  (await asked).VpcPeeringConnection?.VpcPeeringConnectionId ?? '';
const accept = (from: EC2Client, VpcPeeringConnectionId: string) =>
  from.send(new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));
const remove = (from: EC2Client, VpcPeeringConnectionId: string) =>
  from.send(new DeleteVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));
const seen = async (from: EC2Client, id: string) =>
  (await from.send(new DescribeVpcPeeringConnectionsCommand({ VpcPeeringConnectionIds: [id] })))
    .VpcPeeringConnections?.[0];
const routeState = async (from: EC2Client, tableId: string, cidr: string) =>
  (
    await from.send(new DescribeRouteTablesCommand({ RouteTableIds: [tableId] }))
  ).RouteTables?.[0]?.Routes?.find((one) => one.DestinationCidrBlock === cidr);

describe('a VPC peering connection over two regions', () => {
  test('waits for the other side’s region, passes with a route at each end, and ends for both', async () => {
    const a = await makeNetwork(east, '10.64.0.0/20');
    const b = await makeNetwork(west, '10.64.16.0/20');
    const made = (await ask(east, a.vpcId, b.vpcId, 'us-west-2')).VpcPeeringConnection;
    const id = made?.VpcPeeringConnectionId ?? '';
    expect(made).toMatchObject({
      Status: { Code: 'pending-acceptance' },
      RequesterVpcInfo: { VpcId: a.vpcId, CidrBlock: '10.64.0.0/20', Region: 'us-east-1' },
      AccepterVpcInfo: { VpcId: b.vpcId, Region: 'us-west-2' },
      Tags: [{ Key: 'Name', Value: 'ours' }],
    });
    expect(made?.ExpirationTime?.getTime()).toBeGreaterThan(Date.now());
    // Asked again it is the same; tags are seen in the region where they were set alone.
    expect(await idOf(ask(east, a.vpcId, b.vpcId, 'us-west-2'))).toBe(id);
    expect((await seen(west, id))?.Tags).toEqual([]);

    const route = (cidr: string) => ({
      RouteTableId: a.tableId,
      DestinationCidrBlock: cidr,
      VpcPeeringConnectionId: id,
    });
    await east.send(new CreateRouteCommand(route('10.64.16.0/20')));
    expect(await routeState(east, a.tableId, '10.64.16.0/20')).toMatchObject({
      State: 'blackhole',
      VpcPeeringConnectionId: id,
    });
    expect(await refusalOf(accept(east, id))).toEqual({ code: 'OperationNotPermitted', status: 400 });
    expect(fixture.realiser.ground().peerings).toEqual([]);
    expect((await accept(west, id)).VpcPeeringConnection?.Status?.Code).toBe('active');
    expect(await refusalOf(accept(west, id))).toEqual({ code: 'InvalidStateTransition', status: 400 });
    await west.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'Name', Value: 'theirs' }] }));
    await west.send(
      new CreateRouteCommand({
        RouteTableId: b.tableId,
        DestinationCidrBlock: '10.64.0.0/20',
        VpcPeeringConnectionId: id,
      }),
    );
    expect((await seen(east, id))?.Tags).toEqual([{ Key: 'Name', Value: 'ours' }]);
    expect((await seen(west, id))?.Tags).toEqual([{ Key: 'Name', Value: 'theirs' }]);
    expect((await routeState(east, a.tableId, '10.64.16.0/20'))?.State).toBe('active');
    await expect
      .poll(() => fixture.realiser.ground().peerings)
      .toEqual([
        {
          id,
          ends: [
            { realmId: a.vpcId, routes: ['10.64.16.0/20'] },
            { realmId: b.vpcId, routes: ['10.64.0.0/20'] },
          ],
        },
      ]);
    expect(await refusalOf(ask(west, b.vpcId, a.vpcId, 'us-east-1'))).toEqual({
      code: 'VpcPeeringConnectionAlreadyExists',
      status: 400,
    });
    await remove(west, id);
    expect((await seen(east, id))?.Status).toEqual({ Code: 'deleted', Message: 'Deleted' });
    expect((await routeState(east, a.tableId, '10.64.16.0/20'))?.State).toBe('blackhole');
    expect(await refusalOf(remove(east, id))).toEqual({ code: 'InvalidStateTransition', status: 400 });
    expect(await refusalOf(east.send(new CreateRouteCommand(route('10.64.17.0/24'))))).toEqual({
      code: 'InvalidVpcPeeringConnectionID.NotFound',
      status: 400,
    });
    await east.send(
      new DeleteRouteCommand({ RouteTableId: a.tableId, DestinationCidrBlock: '10.64.16.0/20' }),
    );
    await expect.poll(() => fixture.realiser.ground().peerings).toEqual([]);
    // A connection that is over does not stand in the way of another.
    expect(await idOf(ask(east, a.vpcId, b.vpcId, 'us-west-2'))).not.toBe(id);
  });
});

test('ranges that overlap, and a VPC that is not there, make a connection that failed', async () => {
  const vpc = async (cidr: string) =>
    (await east.send(new CreateVpcCommand({ CidrBlock: cidr }))).Vpc?.VpcId ?? '';
  const [one, two] = [await vpc('10.80.0.0/16'), await vpc('10.80.128.0/20')];
  const failed = (await ask(east, one, two)).VpcPeeringConnection;
  expect(failed?.Status).toEqual({
    Code: 'failed',
    Message: 'Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range',
  });
  expect(await refusalOf(remove(east, failed?.VpcPeeringConnectionId ?? ''))).toEqual({
    code: 'InvalidStateTransition',
    status: 400,
  });
  const elsewhere = await ask(east, one, 'vpc-0123456789abcdef0', 'us-west-2');
  expect(elsewhere.VpcPeeringConnection?.Status?.Code).toBe('failed');
  expect((await refusalOf(ask(east, one, 'vpc-0123456789abcdef0'))).code).toBe('InvalidVpcID.NotFound');
});

test('a live connection holds its VPCs; one that was rejected does not', async () => {
  const vpc = async (cidr: string) =>
    (await east.send(new CreateVpcCommand({ CidrBlock: cidr }))).Vpc?.VpcId ?? '';
  const [one, two] = [await vpc('10.96.0.0/20'), await vpc('10.96.16.0/20')];
  const id = await idOf(ask(east, one, two));
  expect((await refusalOf(east.send(new DeleteVpcCommand({ VpcId: two })))).code).toBe('DependencyViolation');
  await east.send(new RejectVpcPeeringConnectionCommand({ VpcPeeringConnectionId: id }));
  expect((await seen(east, id))?.Status?.Code).toBe('rejected');
  await east.send(new DeleteVpcCommand({ VpcId: two }));
});

test('whose side it is may be asked for by filters; nobody else sees it', async () => {
  const vpc = async (cidr: string) =>
    (await east.send(new CreateVpcCommand({ CidrBlock: cidr }))).Vpc?.VpcId ?? '';
  const [one, two] = [await vpc('10.97.0.0/20'), await vpc('10.97.16.0/20')];
  const id = await idOf(ask(east, one, two));
  const by = async (from: EC2Client, name: string, value: string) =>
    (
      await from.send(
        new DescribeVpcPeeringConnectionsCommand({ Filters: [{ Name: name, Values: [value] }] }),
      )
    ).VpcPeeringConnections?.map((each) => each.VpcPeeringConnectionId);
  expect(await by(east, 'requester-vpc-info.vpc-id', one)).toEqual([id]);
  expect(await by(east, 'accepter-vpc-info.vpc-id', two)).toEqual([id]);
  expect(await by(east, 'accepter-vpc-info.vpc-id', one)).toEqual([]);
  expect(await by(west, 'tag:Name', 'ours')).toEqual([]);
  expect((await refusalOf(accept(west, id))).code).toBe('InvalidVpcPeeringConnectionID.NotFound');
  expect((await refusalOf(accept(east, 'vpc-1'))).code).toBe('InvalidVpcPeeringConnectionID.Malformed');
});

test('the owner of the other account agrees, and nobody else', async () => {
  const [, theirs] = openAccounts(openStore(join(fixture.directory, 'state'))).aws;
  if (!theirs) throw new Error('the lab has one account only');
  const { accessKeyId, secretAccessKey } = theirs;
  const other = new EC2Client({ ...fixture.client(), credentials: { accessKeyId, secretAccessKey } });
  const vpc = async (from: EC2Client, cidr: string) =>
    (await from.send(new CreateVpcCommand({ CidrBlock: cidr }))).Vpc?.VpcId ?? '';
  const [one, two] = [await vpc(east, '10.98.0.0/20'), await vpc(other, '10.98.16.0/20')];
  const asked = await east.send(
    new CreateVpcPeeringConnectionCommand({ VpcId: one, PeerVpcId: two, PeerOwnerId: theirs.accountId }),
  );
  const id = asked.VpcPeeringConnection?.VpcPeeringConnectionId ?? '';
  expect(asked.VpcPeeringConnection?.AccepterVpcInfo?.OwnerId).toBe(theirs.accountId);
  expect((await refusalOf(accept(east, id))).code).toBe('OperationNotPermitted');
  expect((await refusalOf(remove(other, id))).code).toBe('OperationNotPermitted');
  expect((await accept(other, id)).VpcPeeringConnection?.Status?.Code).toBe('active');
  await remove(other, id);
  expect((await seen(east, id))?.Status?.Code).toBe('deleted');
});
