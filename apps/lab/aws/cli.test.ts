/** The real `aws` command against the lab. Where it is not installed these are shown as skipped. */
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { AuthorizeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import { ChangeResourceRecordSetsCommand, CreateHostedZoneCommand } from '@aws-sdk/client-route-53';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEBIAN, type LabFixture, makeNetwork, openFixture } from './fixture.ts';

const installed = (() => {
  try {
    execFileSync('aws', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe.runIf(installed)('the aws command', () => {
  let fixture: LabFixture;
  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());

  const raw = async (...words: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)('aws', words, {
      env: {
        PATH: process.env.PATH,
        HOME: fixture.directory,
        AWS_ACCESS_KEY_ID: fixture.lab.accounts.aws.accessKeyId,
        AWS_SECRET_ACCESS_KEY: fixture.lab.accounts.aws.secretAccessKey,
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_ENDPOINT_URL: fixture.lab.awsUrl,
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_PAGER: '',
      },
      timeout: 30_000,
    });
    return stdout;
  };
  const aws = async (...words: string[]) => JSON.parse((await raw(...words, '--output', 'json')) || '{}');

  test('prints what was made, and makes an instance with its user-data', { timeout: 60_000 }, async () => {
    const ec2 = fixture.ec2();
    const { subnetId, groupId } = await makeNetwork(ec2);
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: groupId,
        IpPermissions: [
          { IpProtocol: 'udp', FromPort: 51820, ToPort: 51820, IpRanges: [{ CidrIp: '198.18.128.4/32' }] },
        ],
      }),
    );
    const dns = fixture.route53();
    const made = await dns.send(
      new CreateHostedZoneCommand({ Name: 'demo.example', CallerReference: 'one' }),
    );
    const zoneId = made.HostedZone?.Id ?? '';
    const record = {
      Name: '_skein.a.demo.example.',
      Type: 'TXT' as const,
      TTL: 60,
      ResourceRecords: [{ Value: '"owner=n1"' }],
    };
    await dns.send(
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: zoneId,
        ChangeBatch: { Changes: [{ Action: 'UPSERT', ResourceRecordSet: record }] },
      }),
    );
    await aws(
      ...['ec2', 'run-instances', '--image-id', DEBIAN(), '--instance-type', 't3.micro'],
      ...['--subnet-id', subnetId, '--security-group-ids', groupId, '--user-data', '#!/bin/sh\necho hi\n'],
      ...['--tag-specifications', 'ResourceType=instance,Tags=[{Key=Name,Value=node-1}]'],
    );
    expect(fixture.realiser.ground().machines[0]?.userData).toBe('#!/bin/sh\necho hi\n');

    const [groups, instances, records, me, user, table] = await Promise.all([
      aws('ec2', 'describe-security-groups', '--filters', 'Name=group-name,Values=gateway'),
      aws('ec2', 'describe-instances', '--filters', 'Name=tag:Name,Values=node-*'),
      aws('route53', 'list-resource-record-sets', '--hosted-zone-id', zoneId),
      aws('sts', 'get-caller-identity'),
      aws('iam', 'get-user'),
      raw('ec2', 'describe-instances', '--output', 'table'),
    ]);
    expect(groups.SecurityGroups).toMatchObject([
      {
        GroupId: groupId,
        IpPermissions: [{ IpProtocol: 'udp', FromPort: 51820, IpRanges: [{ CidrIp: '198.18.128.4/32' }] }],
      },
    ]);
    expect(instances.Reservations[0].Instances).toMatchObject([
      { SubnetId: subnetId, PrivateIpAddress: '10.64.0.4', Tags: [{ Key: 'Name', Value: 'node-1' }] },
    ]);
    expect(table).toContain('10.64.0.4');
    expect(records.ResourceRecordSets).toContainEqual(record);
    expect(me.Arn).toBe(user.User.Arn);
  });

  test('says what AWS says when it is refused', { timeout: 30_000 }, async () => {
    const said = await raw('ec2', 'delete-security-group', '--group-id', 'sg-00000000000000000').then(
      () => '',
      (error: { stderr: string }) => error.stderr,
    );
    expect(said).toContain(
      'An error occurred (InvalidGroup.NotFound) when calling the DeleteSecurityGroup operation',
    );
  });
});
