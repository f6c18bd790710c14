/** Instances and Elastic IP addresses, through the official client. */
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  DescribeAddressesCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DetachInternetGatewayCommand,
  DisassociateAddressCommand,
  type EC2Client,
  GetConsoleOutputCommand,
  ModifyInstanceAttributeCommand,
  ReleaseAddressCommand,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
  waitUntilInstanceRunning,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { DEBIAN, type LabFixture, makeNetwork, openFixture, refusalOf, runOne } from './fixture.ts';

let fixture: LabFixture;
let ec2: EC2Client;
let network: Awaited<ReturnType<typeof makeNetwork>>;
beforeAll(async () => {
  fixture = await openFixture();
  ec2 = fixture.ec2();
  network = await makeNetwork(ec2);
});
afterAll(() => fixture.close());

const refused = (code: string) => ({ code, status: 400 });
const describeOne = async (id: string) =>
  (await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }))).Reservations?.[0]?.Instances?.[0];
const stateNow = async (id: string) => (await describeOne(id))?.State?.Name;
const terminate = (...InstanceIds: string[]) => ec2.send(new TerminateInstancesCommand({ InstanceIds }));
const machineOf = (id: string) => fixture.realiser.ground().machines.find((machine) => machine.id === id);

describe('an instance', () => {
  test('is pending until its machine runs, and shows what it was asked to be', async () => {
    const id = await runOne(ec2, network, {
      SubnetId: undefined,
      SecurityGroupIds: undefined,
      UserData: Buffer.from('#!/bin/sh\necho hello & <äö>\n').toString('base64'),
      MetadataOptions: { HttpTokens: 'required', HttpEndpoint: 'enabled' },
      NetworkInterfaces: [
        {
          DeviceIndex: 0,
          SubnetId: network.subnetId,
          Groups: [network.groupId],
          AssociatePublicIpAddress: true,
        },
      ],
      TagSpecifications: [
        { ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'node-1' }] },
        { ResourceType: 'volume', Tags: [{ Key: 'Name', Value: 'node-1' }] },
      ],
    });
    await waitUntilInstanceRunning({ client: ec2, maxWaitTime: 5, minDelay: 1 }, { InstanceIds: [id] });
    const one = await describeOne(id);
    expect(one).toMatchObject({
      ImageId: DEBIAN(),
      InstanceType: 't3.micro',
      State: { Name: 'running', Code: 16 },
      SubnetId: network.subnetId,
      VpcId: network.vpcId,
      SourceDestCheck: true,
      SecurityGroups: [{ GroupId: network.groupId, GroupName: 'gateway' }],
      Placement: { AvailabilityZone: 'us-east-1a' },
      Tags: [{ Key: 'Name', Value: 'node-1' }],
      NetworkInterfaces: [{ Status: 'in-use', Association: { IpOwnerId: 'amazon' } }],
    });
    expect(one?.PrivateIpAddress).toMatch(/^10\.64\.0\.\d+$/);
    expect(one?.PublicIpAddress).toMatch(/^198\.18\.64\.\d+$/);
    expect(one?.LaunchTime).toBeInstanceOf(Date);
    expect(machineOf(id)).toMatchObject({
      privateAddress: one?.PrivateIpAddress,
      publicAddress: one?.PublicIpAddress,
      userData: '#!/bin/sh\necho hello & <äö>\n',
      forwards: false,
    });

    const status = await ec2.send(new DescribeInstanceStatusCommand({ InstanceIds: [id] }));
    expect(status.InstanceStatuses).toMatchObject([
      { InstanceState: { Name: 'running' }, InstanceStatus: { Status: 'ok' } },
    ]);
    fixture.realiser.set(id, { console: 'enrolled\r\n\u001b[0mready\n' });
    const console = await ec2.send(new GetConsoleOutputCommand({ InstanceId: id }));
    expect(Buffer.from(console.Output ?? '', 'base64').toString()).toBe('enrolled\r\n\u001b[0mready\n');
    const { NetworkInterfaces } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'attachment.instance-id', Values: [id] }] }),
    );
    expect(NetworkInterfaces).toMatchObject([
      {
        PrivateIpAddress: one?.PrivateIpAddress,
        MacAddress: machineOf(id)?.macAddress,
        Attachment: { InstanceId: id },
      },
    ]);
    const data = await ec2.send(
      new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: 'userData' }),
    );
    expect(Buffer.from(data.UserData?.Value ?? '', 'base64').toString()).toContain('echo hello');

    fixture.realiser.set(id, { state: 'pending' });
    expect(await stateNow(id)).toBe('pending');
    expect(
      (await ec2.send(new DescribeInstanceStatusCommand({ InstanceIds: [id] }))).InstanceStatuses,
    ).toEqual([]);
    fixture.realiser.set(id, { state: 'failed' });
    expect(await describeOne(id)).toMatchObject({
      State: { Name: 'terminated' },
      StateReason: { Code: 'Server.InternalError' },
    });
    fixture.realiser.set(id, { state: 'running' });
    await terminate(id);
  });

  test('ends, stays in sight as terminated, and ending it again is no error', async () => {
    const id = await runOne(ec2, network);
    await eventually(() => stateNow(id)).toBe('running');
    const { TerminatingInstances } = await terminate(id);
    expect(TerminatingInstances).toMatchObject([
      {
        InstanceId: id,
        PreviousState: { Name: 'running' },
        CurrentState: { Name: 'shutting-down', Code: 32 },
      },
    ]);
    await eventually(() => stateNow(id)).toBe('terminated');
    await terminate(id);
    expect(machineOf(id)).toBeUndefined();
    const seen = await describeOne(id);
    expect(seen?.PrivateIpAddress).toBeUndefined();
    expect(seen?.StateReason?.Code).toBe('Client.UserInitiatedShutdown');
    const running = await ec2.send(
      new DescribeInstancesCommand({
        Filters: [{ Name: 'instance-state-name', Values: ['pending', 'running'] }],
      }),
    );
    expect(running.Reservations).toEqual([]);
    expect(await refusalOf(terminate('i-00000000000000000'))).toEqual(refused('InvalidInstanceID.NotFound'));
    expect(await refusalOf(terminate('i-xyz'))).toEqual(refused('InvalidInstanceID.Malformed'));
  });

  test('is made once for one client token', async () => {
    const run = (more: Partial<RunInstancesCommandInput> = {}) =>
      runOne(ec2, network, { ClientToken: 'skein-node-1', ...more });
    const first = await run();
    expect(await run()).toBe(first);
    expect(await refusalOf(run({ InstanceType: 't3.small' }))).toEqual(
      refused('IdempotentParameterMismatch'),
    );
    await terminate(first);
    expect(await run()).toBe(first);
    const other = await run({ ClientToken: 'skein-node-1-again' });
    expect(other).not.toBe(first);
    await terminate(other);
  });

  test('lets packets of others through when its check is off, and changes its groups', async () => {
    const id = await runOne(ec2, network);
    await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: id, SourceDestCheck: { Value: false } }));
    const answer = await ec2.send(
      new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: 'sourceDestCheck' }),
    );
    expect(answer.SourceDestCheck).toEqual({ Value: false });
    await eventually(() => machineOf(id)?.forwards).toBe(true);
    expect((await describeOne(id))?.NetworkInterfaces?.[0]?.SourceDestCheck).toBe(false);
    await ec2.send(
      new ModifyInstanceAttributeCommand({ InstanceId: id, DisableApiTermination: { Value: true } }),
    );
    expect(await refusalOf(terminate(id))).toEqual(refused('OperationNotPermitted'));
    await ec2.send(
      new ModifyInstanceAttributeCommand({ InstanceId: id, DisableApiTermination: { Value: false } }),
    );
    expect(
      await refusalOf(
        ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: id, Groups: ['sg-00000000000000000'] })),
      ),
    ).toEqual(refused('InvalidGroup.NotFound'));
    await terminate(id);
  });

  test('stops and starts', async () => {
    const id = await runOne(ec2, network);
    await eventually(() => stateNow(id)).toBe('running');
    await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    await eventually(() => stateNow(id)).toBe('stopped');
    expect(machineOf(id)).toBeUndefined();
    await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
    await eventually(() => stateNow(id)).toBe('running');
    await terminate(id);
    await eventually(() => stateNow(id)).toBe('terminated');
    expect(await refusalOf(ec2.send(new StartInstancesCommand({ InstanceIds: [id] })))).toEqual(
      refused('IncorrectInstanceState'),
    );
  });

  test.each<[string, Partial<RunInstancesCommandInput>, string]>([
    ['an unknown image', { ImageId: 'ami-00000000000000000' }, 'InvalidAMIID.NotFound'],
    ['an image of another region', { ImageId: DEBIAN('us-west-2') }, 'InvalidAMIID.NotFound'],
    ['an unknown type', { InstanceType: 't9.huge' as 't3.micro' }, 'InvalidParameterValue'],
    ['a type of another architecture', { InstanceType: 't4g.micro' }, 'InvalidParameterValue'],
    ['no subnet', { SubnetId: undefined }, 'VPCIdNotSpecified'],
    ['an unknown subnet', { SubnetId: 'subnet-00000000000000000' }, 'InvalidSubnetID.NotFound'],
    ['an unknown group', { SecurityGroupIds: ['sg-00000000000000000'] }, 'InvalidGroup.NotFound'],
    ['an address outside', { PrivateIpAddress: '10.65.0.9' }, 'InvalidParameterValue'],
    ['an address that AWS keeps', { PrivateIpAddress: '10.64.0.3' }, 'InvalidParameterValue'],
    ['user data that is no base64', { UserData: '#!/bin/sh' }, 'InvalidUserData.Malformed'],
    [
      'too much user data',
      { UserData: Buffer.alloc(16385, 'x').toString('base64') },
      'InvalidParameterValue',
    ],
    ['none asked for', { MinCount: 0, MaxCount: 0 }, 'InvalidParameterValue'],
    ['too many', { MinCount: 65, MaxCount: 65 }, 'InstanceLimitExceeded'],
    ['a key pair', { KeyName: 'mine' }, 'InvalidKeyPair.NotFound'],
    ['too long a client token', { ClientToken: 'x'.repeat(65) }, 'InvalidParameterValue'],
  ])('with %s is refused, and nothing is made', async (_, more, code) => {
    const count = async () => (await ec2.send(new DescribeInstancesCommand({}))).Reservations?.length;
    const before = await count();
    expect(await refusalOf(runOne(ec2, network, more))).toEqual(refused(code));
    expect(await count()).toBe(before);
  });

  test('of which a page is asked for comes page by page', async () => {
    const { Instances = [] } = await ec2.send(
      new RunInstancesCommand({
        ImageId: DEBIAN(),
        MinCount: 7,
        MaxCount: 7,
        SubnetId: network.subnetId,
        TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'page', Value: 'yes' }] }],
      }),
    );
    const ids = Instances.map((one) => one.InstanceId ?? '');
    expect(new Set(Instances.map((one) => one.PrivateIpAddress)).size).toBe(7);
    const page = (NextToken?: string) =>
      ec2.send(
        new DescribeInstancesCommand({
          Filters: [{ Name: 'tag:page', Values: ['yes'] }],
          MaxResults: 5,
          NextToken,
        }),
      );
    const first = await page();
    const second = await page(first.NextToken);
    const seen = [first, second].flatMap(
      (answer) => answer.Reservations?.flatMap((one) => one.Instances ?? []) ?? [],
    );
    expect(seen.map((one) => one.InstanceId)).toEqual(ids);
    expect(second.NextToken).toBeUndefined();
    await terminate(...ids);
  });
});

describe('an Elastic IP address', () => {
  test('is bound to a running instance, takes the place of its passing one, and gives it back', async () => {
    const id = await runOne(ec2, network, {
      SubnetId: undefined,
      SecurityGroupIds: undefined,
      NetworkInterfaces: [
        {
          DeviceIndex: 0,
          SubnetId: network.subnetId,
          Groups: [network.groupId],
          AssociatePublicIpAddress: true,
        },
      ],
    });
    await eventually(() => stateNow(id)).toBe('running');
    const passing = (await describeOne(id))?.PublicIpAddress;
    const { AllocationId = '', PublicIp } = await ec2.send(
      new AllocateAddressCommand({
        Domain: 'vpc',
        TagSpecifications: [
          { ResourceType: 'elastic-ip', Tags: [{ Key: 'skein-key', Value: 'address/gw-1' }] },
        ],
      }),
    );
    fixture.realiser.set(id, { state: 'pending' });
    const associate = () => ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId: id }));
    expect(await refusalOf(associate())).toEqual(refused('InvalidInstanceID'));
    fixture.realiser.set(id, { state: 'running' });
    const { AssociationId = '' } = await associate();
    expect((await associate()).AssociationId).toBe(AssociationId);
    expect((await describeOne(id))?.PublicIpAddress).toBe(PublicIp);
    await eventually(() => machineOf(id)?.publicAddress).toBe(PublicIp);
    const { Addresses } = await ec2.send(
      new DescribeAddressesCommand({ Filters: [{ Name: 'tag:skein-key', Values: ['address/gw-1'] }] }),
    );
    expect(Addresses).toMatchObject([
      { AllocationId, AssociationId, InstanceId: id, PublicIp, Domain: 'vpc' },
    ]);

    const release = () => ec2.send(new ReleaseAddressCommand({ AllocationId }));
    expect(await refusalOf(release())).toEqual(refused('InvalidIPAddress.InUse'));
    expect(
      await refusalOf(
        ec2.send(
          new DetachInternetGatewayCommand({ InternetGatewayId: network.gatewayId, VpcId: network.vpcId }),
        ),
      ),
    ).toEqual(refused('DependencyViolation'));
    await ec2.send(new DisassociateAddressCommand({ AssociationId }));
    const after = (await describeOne(id))?.PublicIpAddress;
    expect(after).toMatch(/^198\.18\.64\./);
    expect([passing, PublicIp]).not.toContain(after);
    await release();
    expect(await refusalOf(release())).toEqual(refused('InvalidAllocationID.NotFound'));
    await terminate(id);
  });

  test('loses its instance when that ends', async () => {
    const id = await runOne(ec2, network);
    await eventually(() => stateNow(id)).toBe('running');
    expect(machineOf(id)?.publicAddress).toBeNull();
    const { AllocationId = '' } = await ec2.send(new AllocateAddressCommand({}));
    await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId: id }));
    await terminate(id);
    const { Addresses } = await ec2.send(new DescribeAddressesCommand({ AllocationIds: [AllocationId] }));
    expect(Addresses?.[0]?.AssociationId).toBeUndefined();
    await ec2.send(new ReleaseAddressCommand({ AllocationId }));
  });

  test('is one of 30 at most', async () => {
    const elsewhere = fixture.ec2('us-west-2');
    for (let index = 0; index < 30; index++) await elsewhere.send(new AllocateAddressCommand({}));
    expect(await refusalOf(elsewhere.send(new AllocateAddressCommand({})))).toEqual(
      refused('AddressLimitExceeded'),
    );
    const { Addresses = [] } = await elsewhere.send(new DescribeAddressesCommand({}));
    expect(new Set(Addresses.map((address) => address.PublicIp)).size).toBe(30);
  });
});
