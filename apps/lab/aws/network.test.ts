/** VPCs, subnets, internet gateways, routes, through the official client. */
import {
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeleteInternetGatewayCommand,
  DeleteRouteCommand,
  DeleteRouteTableCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DeleteTagsCommand,
  DeleteVpcCommand,
  DescribeAvailabilityZonesCommand,
  DescribeImagesCommand,
  DescribeInstanceTypesCommand,
  DescribeInternetGatewaysCommand,
  DescribeRegionsCommand,
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DescribeTagsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcsCommand,
  DetachInternetGatewayCommand,
  DisassociateRouteTableCommand,
  ModifySubnetAttributeCommand,
  ModifyVpcAttributeCommand,
  paginateDescribeVpcs,
  ReplaceRouteCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LabFixture, makeNetwork, openFixture, refusalOf } from './fixture.ts';

let fixture: LabFixture;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture.close());

const refused = (code: string, status = 400) => ({ code, status });

describe('a VPC and what belongs to it', () => {
  test('are made, shown, and deleted in the one order that AWS allows', async () => {
    const ec2 = fixture.ec2();
    const { vpcId, subnetId, gatewayId, tableId, groupId } = await makeNetwork(ec2);

    const { Subnets } = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [subnetId] }));
    expect(Subnets).toMatchObject([
      {
        SubnetId: subnetId,
        VpcId: vpcId,
        CidrBlock: '10.64.0.0/20',
        AvailabilityZone: 'us-east-1a',
        AvailabilityZoneId: 'use1-az1',
        AvailableIpAddressCount: 4091,
        State: 'available',
        MapPublicIpOnLaunch: false,
      },
    ]);
    const tables = await ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [tableId] }));
    expect(tables.RouteTables?.[0]?.Routes).toEqual([
      {
        DestinationCidrBlock: '10.64.0.0/20',
        GatewayId: 'local',
        Origin: 'CreateRouteTable',
        State: 'active',
      },
      { DestinationCidrBlock: '0.0.0.0/0', GatewayId: gatewayId, Origin: 'CreateRoute', State: 'active' },
    ]);
    expect(tables.RouteTables?.[0]?.Associations).toMatchObject([{ Main: true, RouteTableId: tableId }]);

    const deleteVpc = () => ec2.send(new DeleteVpcCommand({ VpcId: vpcId }));
    const inUse = refused('DependencyViolation');
    expect(await refusalOf(deleteVpc())).toEqual(inUse);
    await ec2.send(new DeleteSubnetCommand({ SubnetId: subnetId }));
    expect(await refusalOf(deleteVpc())).toEqual(inUse);
    const deleteGateway = () => ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId: gatewayId }));
    expect(await refusalOf(deleteGateway())).toEqual(inUse);
    await ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId: gatewayId, VpcId: vpcId }));
    const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [tableId] }));
    expect(RouteTables?.[0]?.Routes?.[1]?.State).toBe('blackhole');
    await deleteGateway();
    expect(await refusalOf(deleteVpc())).toEqual(inUse);
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId: groupId }));
    await deleteVpc();
    expect(await refusalOf(ec2.send(new DescribeVpcsCommand({ VpcIds: [vpcId] })))).toEqual(
      refused('InvalidVpcID.NotFound'),
    );
    expect((await ec2.send(new DescribeRouteTablesCommand({}))).RouteTables).toEqual([]);
  });

  test('has attributes that can be changed', async () => {
    const ec2 = fixture.ec2();
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }));
    const VpcId = Vpc?.VpcId ?? '';
    const read = async (Attribute: 'enableDnsHostnames' | 'enableDnsSupport') =>
      await ec2.send(new DescribeVpcAttributeCommand({ VpcId, Attribute }));
    expect((await read('enableDnsHostnames')).EnableDnsHostnames).toEqual({ Value: false });
    await ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));
    expect((await read('enableDnsHostnames')).EnableDnsHostnames).toEqual({ Value: true });
    expect((await read('enableDnsSupport')).EnableDnsSupport).toEqual({ Value: true });

    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({ VpcId, CidrBlock: '10.9.1.0/24', AvailabilityZone: 'us-east-1c' }),
    );
    const SubnetId = Subnet?.SubnetId ?? '';
    await ec2.send(new ModifySubnetAttributeCommand({ SubnetId, MapPublicIpOnLaunch: { Value: true } }));
    const { Subnets } = await ec2.send(
      new DescribeSubnetsCommand({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] }),
    );
    expect(Subnets).toMatchObject([{ MapPublicIpOnLaunch: true, AvailabilityZone: 'us-east-1c' }]);
    await ec2.send(new DeleteSubnetCommand({ SubnetId }));
    await ec2.send(new DeleteVpcCommand({ VpcId }));
  });
});

describe('ranges', () => {
  test.each([
    ['10.0.0.0/15', 'InvalidVpc.Range'],
    ['10.0.0.0/29', 'InvalidVpc.Range'],
    ['10.0.0.300/16', 'InvalidParameterValue'],
    ['nonsense', 'InvalidParameterValue'],
  ])('a VPC cannot have %s', async (CidrBlock, code) => {
    expect(await refusalOf(fixture.ec2().send(new CreateVpcCommand({ CidrBlock })))).toEqual(refused(code));
  });

  test('a subnet lies within its VPC and beside its siblings', async () => {
    const ec2 = fixture.ec2('us-west-2');
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.3.7.9/16' }));
    expect(Vpc?.CidrBlock).toBe('10.3.0.0/16');
    const VpcId = Vpc?.VpcId ?? '';
    const make = (CidrBlock: string) => ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock }));
    await make('10.3.16.0/20');
    expect(await refusalOf(make('10.4.0.0/24'))).toEqual(refused('InvalidSubnet.Range'));
    expect(await refusalOf(make('10.3.0.0/29'))).toEqual(refused('InvalidSubnet.Range'));
    expect(await refusalOf(make('10.3.31.0/24'))).toEqual(refused('InvalidSubnet.Conflict'));
    expect(await refusalOf(make('10.3.0.0/16'))).toEqual(refused('InvalidSubnet.Conflict'));
    await make('10.3.32.0/24');
    expect(
      await refusalOf(
        ec2.send(
          new CreateSubnetCommand({ VpcId, CidrBlock: '10.3.33.0/24', AvailabilityZone: 'us-east-1a' }),
        ),
      ),
    ).toEqual(refused('InvalidParameterValue'));
  });
});

test('regions are apart', async () => {
  const { Vpc } = await fixture.ec2('eu-central-1').send(new CreateVpcCommand({ CidrBlock: '10.5.0.0/16' }));
  const elsewhere = await fixture.ec2('us-east-1').send(new DescribeVpcsCommand({}));
  expect(elsewhere.Vpcs?.map((vpc) => vpc.VpcId)).not.toContain(Vpc?.VpcId);
  expect(await refusalOf(fixture.ec2('us-moon-1').send(new DescribeVpcsCommand({})))).toEqual(
    refused('AuthFailure', 401),
  );
});

test('an internet gateway serves one VPC, and a VPC has one', async () => {
  const ec2 = fixture.ec2('us-west-2');
  const { vpcId, gatewayId } = await makeNetwork(ec2, '10.20.0.0/16', '10.20.0.0/24');
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.21.0.0/16' }));
  const attach = (InternetGatewayId: string, VpcId: string) =>
    ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId, VpcId }));
  expect(await refusalOf(attach(gatewayId, Vpc?.VpcId ?? ''))).toEqual(refused('Resource.AlreadyAssociated'));
  const second =
    (await ec2.send(new CreateInternetGatewayCommand({}))).InternetGateway?.InternetGatewayId ?? '';
  expect(await refusalOf(attach(second, vpcId))).toEqual(refused('InvalidParameterValue'));
  expect(
    await refusalOf(ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId: second, VpcId: vpcId }))),
  ).toEqual(refused('Gateway.NotAttached'));
  const { InternetGateways } = await ec2.send(
    new DescribeInternetGatewaysCommand({ Filters: [{ Name: 'attachment.vpc-id', Values: [vpcId] }] }),
  );
  expect(InternetGateways).toMatchObject([
    { InternetGatewayId: gatewayId, Attachments: [{ VpcId: vpcId, State: 'available' }] },
  ]);
});

test('route tables are bound to subnets, and give and lose routes', async () => {
  const ec2 = fixture.ec2('us-west-2');
  const { vpcId, subnetId, gatewayId } = await makeNetwork(ec2, '10.30.0.0/16', '10.30.0.0/24');
  const made = await ec2.send(new CreateRouteTableCommand({ VpcId: vpcId, ClientToken: 'one' }));
  const again = await ec2.send(new CreateRouteTableCommand({ VpcId: vpcId, ClientToken: 'one' }));
  const RouteTableId = made.RouteTable?.RouteTableId ?? '';
  expect(again.RouteTable?.RouteTableId).toBe(RouteTableId);
  const route = { RouteTableId, DestinationCidrBlock: '0.0.0.0/0', GatewayId: gatewayId };
  expect(await refusalOf(ec2.send(new ReplaceRouteCommand(route)))).toEqual(refused('InvalidParameterValue'));
  await ec2.send(new CreateRouteCommand(route));
  await ec2.send(new CreateRouteCommand(route));
  await ec2.send(new ReplaceRouteCommand(route));
  const other =
    (await ec2.send(new CreateInternetGatewayCommand({}))).InternetGateway?.InternetGatewayId ?? '';
  expect(
    await refusalOf(
      ec2.send(new CreateRouteCommand({ ...route, DestinationCidrBlock: '10.99.0.0/16', GatewayId: other })),
    ),
  ).toEqual(refused('InvalidParameterValue'));
  expect(
    await refusalOf(ec2.send(new CreateRouteCommand({ ...route, DestinationCidrBlock: '10.30.0.0/16' }))),
  ).toEqual(refused('RouteAlreadyExists'));
  const { AssociationId = '' } = await ec2.send(
    new AssociateRouteTableCommand({ RouteTableId, SubnetId: subnetId }),
  );
  expect(await refusalOf(ec2.send(new DeleteRouteTableCommand({ RouteTableId })))).toEqual(
    refused('DependencyViolation'),
  );
  await ec2.send(new DisassociateRouteTableCommand({ AssociationId }));
  await ec2.send(new DeleteRouteCommand({ RouteTableId, DestinationCidrBlock: '0.0.0.0/0' }));
  expect(
    await refusalOf(ec2.send(new DeleteRouteCommand({ RouteTableId, DestinationCidrBlock: '0.0.0.0/0' }))),
  ).toEqual(refused('InvalidRoute.NotFound'));
  await ec2.send(new DeleteRouteTableCommand({ RouteTableId }));
});

describe('tags, filters and pages', () => {
  test('tags given at birth and later are found by filters', async () => {
    const ec2 = fixture.ec2('eu-central-1');
    const { Vpc } = await ec2.send(
      new CreateVpcCommand({
        CidrBlock: '10.40.0.0/16',
        TagSpecifications: [{ ResourceType: 'vpc', Tags: [{ Key: 'skein-network', Value: 'n&1 <a>' }] }],
      }),
    );
    const VpcId = Vpc?.VpcId ?? '';
    await ec2.send(
      new CreateTagsCommand({ Resources: [VpcId], Tags: [{ Key: 'Name', Value: 'prod-east' }] }),
    );
    const find = async (...Filters: { Name: string; Values: string[] }[]) =>
      (await ec2.send(new DescribeVpcsCommand({ Filters }))).Vpcs?.map((vpc) => vpc.VpcId);
    expect(await find({ Name: 'tag:skein-network', Values: ['n&1 <a>'] })).toEqual([VpcId]);
    expect(await find({ Name: 'tag:Name', Values: ['nothing', 'prod-*'] })).toEqual([VpcId]);
    expect(await find({ Name: 'tag:Name', Values: ['prod?east'] })).toEqual([VpcId]);
    expect(await find({ Name: 'tag:Name', Values: ['prod.east'] })).toEqual([]);
    expect(
      await find({ Name: 'tag-key', Values: ['Name'] }, { Name: 'cidr', Values: ['10.41.0.0/16'] }),
    ).toEqual([]);
    expect(await refusalOf(find({ Name: 'colour', Values: ['red'] }))).toEqual(
      refused('InvalidParameterValue'),
    );

    const tags = () =>
      ec2.send(new DescribeTagsCommand({ Filters: [{ Name: 'resource-id', Values: [VpcId] }] }));
    expect((await tags()).Tags).toHaveLength(2);
    await ec2.send(new DeleteTagsCommand({ Resources: [VpcId], Tags: [{ Key: 'Name', Value: 'other' }] }));
    expect((await tags()).Tags).toHaveLength(2);
    await ec2.send(new DeleteTagsCommand({ Resources: [VpcId], Tags: [{ Key: 'Name' }] }));
    expect((await tags()).Tags).toMatchObject([{ Key: 'skein-network', ResourceType: 'vpc' }]);
    await ec2.send(new DeleteVpcCommand({ VpcId }));
  });

  test('a tag for another type of resource and a reserved key are refused', async () => {
    const make = (ResourceType: 'vpc' | 'subnet', Key: string) =>
      fixture.ec2().send(
        new CreateVpcCommand({
          CidrBlock: '10.42.0.0/16',
          TagSpecifications: [{ ResourceType, Tags: [{ Key, Value: 'x' }] }],
        }),
      );
    expect(await refusalOf(make('subnet', 'a'))).toEqual(refused('InvalidParameterValue'));
    expect(await refusalOf(make('vpc', 'aws:a'))).toEqual(refused('InvalidParameterValue'));
  });

  test('pages hold what they should and end', async () => {
    const ec2 = fixture.ec2('eu-central-1');
    const Tags = [{ Key: 'page', Value: 'yes' }];
    const made: string[] = [];
    for (let index = 0; index < 12; index++) {
      const { Vpc } = await ec2.send(
        new CreateVpcCommand({
          CidrBlock: `10.${50 + index}.0.0/16`,
          TagSpecifications: [{ ResourceType: 'vpc', Tags }],
        }),
      );
      made.push(Vpc?.VpcId ?? '');
    }
    const sizes: number[] = [];
    const seen: (string | undefined)[] = [];
    const input = { Filters: [{ Name: 'tag:page', Values: ['yes'] }] };
    for await (const page of paginateDescribeVpcs({ client: ec2, pageSize: 5 }, input)) {
      sizes.push(page.Vpcs?.length ?? 0);
      seen.push(...(page.Vpcs ?? []).map((vpc) => vpc.VpcId));
    }
    expect(sizes).toEqual([5, 5, 2]);
    expect(seen).toEqual(made);
    expect(await refusalOf(ec2.send(new DescribeVpcsCommand({ MaxResults: 4 })))).toEqual(
      refused('InvalidParameterValue'),
    );
    expect(await refusalOf(ec2.send(new DescribeVpcsCommand({ NextToken: 'made up' })))).toEqual(
      refused('InvalidParameterValue'),
    );
  });
});

test('DryRun says whether it would do, and does nothing', async () => {
  const ec2 = fixture.ec2();
  const before = (await ec2.send(new DescribeVpcsCommand({}))).Vpcs?.length;
  expect(
    await refusalOf(ec2.send(new CreateVpcCommand({ CidrBlock: '10.70.0.0/16', DryRun: true }))),
  ).toEqual(refused('DryRunOperation', 412));
  expect(await refusalOf(ec2.send(new CreateVpcCommand({ CidrBlock: '10.70.0.0/8', DryRun: true })))).toEqual(
    refused('InvalidVpc.Range'),
  );
  expect((await ec2.send(new DescribeVpcsCommand({}))).Vpcs?.length).toBe(before);
});

test('a VPC too many is refused', async () => {
  const ec2 = fixture.ec2('us-west-2');
  let refusal: Promise<unknown> = Promise.resolve();
  for (let index = 0; index < 51; index++) {
    refusal = ec2.send(new CreateVpcCommand({ CidrBlock: `172.16.${index}.0/24` }));
    if (
      await refusal.then(
        () => false,
        () => true,
      )
    )
      break;
  }
  expect(await refusalOf(refusal)).toEqual(refused('VpcLimitExceeded'));
  expect((await ec2.send(new DescribeVpcsCommand({}))).Vpcs).toHaveLength(50);
});

describe('what AWS offers', () => {
  test('regions, zones, types and images', async () => {
    const ec2 = fixture.ec2('us-west-2');
    const { Regions } = await ec2.send(new DescribeRegionsCommand({}));
    expect(Regions).toHaveLength(16);
    expect(Regions?.map((region) => region.RegionName)).toEqual(
      expect.arrayContaining(['us-east-1', 'us-west-2', 'eu-central-1']),
    );
    const { AvailabilityZones } = await ec2.send(new DescribeAvailabilityZonesCommand({}));
    expect(AvailabilityZones?.map((zone) => zone.ZoneName)).toEqual([
      'us-west-2a',
      'us-west-2b',
      'us-west-2c',
    ]);
    const types = await ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ['t3.micro'] }));
    expect(types.InstanceTypes).toMatchObject([
      { VCpuInfo: { DefaultVCpus: 2 }, MemoryInfo: { SizeInMiB: 1024 } },
    ]);
    expect(
      await refusalOf(
        ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ['t9.huge' as 't3.micro'] })),
      ),
    ).toEqual(refused('InvalidInstanceType'));
    const { Images } = await ec2.send(
      new DescribeImagesCommand({
        Owners: ['136693071363'],
        Filters: [{ Name: 'name', Values: ['debian-12-amd64-*'] }],
      }),
    );
    expect(Images).toMatchObject([{ Architecture: 'x86_64', State: 'available', RootDeviceType: 'ebs' }]);
    expect(
      await refusalOf(ec2.send(new DescribeImagesCommand({ ImageIds: ['ami-00000000000000000'] }))),
    ).toEqual(refused('InvalidAMIID.NotFound'));
  });
});

test('malformed calls are refused in AWS’s words', async () => {
  const ec2 = fixture.ec2();
  expect(await refusalOf(ec2.send(new DeleteVpcCommand({ VpcId: 'vpc-nothex' })))).toEqual(
    refused('InvalidVpcID.Malformed'),
  );
  expect(
    await refusalOf(ec2.send(new DeleteSubnetCommand({ SubnetId: 'subnet-00000000000000000' }))),
  ).toEqual(refused('InvalidSubnetID.NotFound'));
  expect(
    await refusalOf(ec2.send(new CreateSubnetCommand({ VpcId: undefined, CidrBlock: '10.0.0.0/24' }))),
  ).toEqual(refused('MissingParameter'));
  // What the lab does not know it refuses, instead of passing over it.
  expect(
    await refusalOf(ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16', Ipv6Pool: 'p' }))),
  ).toEqual(refused('UnknownParameter'));
});
