/** In the sealed place: the lab process as it is run, AWS's client against it, a kill in the middle, and an orderly end. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AuthorizeSecurityGroupIngressCommand,
  DescribeInstancesCommand,
  EC2Client,
  GetConsoleOutputCommand,
  RevokeSecurityGroupIngressCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  Route53Client,
} from '@aws-sdk/client-route-53';
import { makeNetwork, runOne } from './aws/fixture.ts';

export interface Seen {
  userData: string;
  metadata: string;
  pingBefore: boolean;
  pingAllowed: boolean;
  pingRevoked: boolean;
  publicAddress: { inApi: boolean; fromOutside: string };
  name: string;
  afterKill: { sameInstances: boolean; startedOnce: boolean; runs: boolean; killedBy: string | null };
  afterEnd: { exit: number | null; namespaces: string };
  terminated: { states: string[]; machines: number };
}

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const SECONDS = 30;

export default async function run({ directory }: { directory: string }): Promise<Seen> {
  const labDirectory = join(directory, 'lab');
  const ask = asker(join(labDirectory, 'control.sock'));
  let lab = await start(directory, ask);
  const { aws } = (await ask('GET', '/accounts')) as {
    aws: { accessKeyId: string; secretAccessKey: string }[];
  };
  const config = () => ({
    endpoint: 'http://127.0.0.1:7402',
    region: 'us-east-1',
    credentials: { ...aws[0] } as never,
  });
  const ec2 = new EC2Client(config());

  const network = await makeNetwork(ec2);
  const userData = '#!/bin/sh\necho "user data of $(hostname)"\necho once >> /var/tmp/started\n';
  const nodes: string[] = [];
  for (let index = 0; index < 2; index++)
    nodes.push(await runOne(ec2, network, { UserData: Buffer.from(userData).toString('base64') }));
  const [first = '', second = ''] = nodes;
  const described = async () => {
    const answer = await ec2.send(new DescribeInstancesCommand({ InstanceIds: nodes }));
    return (answer.Reservations ?? []).flatMap((one) => one.Instances ?? []);
  };
  await until('both instances run', async () =>
    (await described()).every((one) => one.State?.Name === 'running'),
  );
  const privateAddress = (await described()).find((one) => one.InstanceId === second)?.PrivateIpAddress ?? '';
  const onFirst = (...command: string[]) =>
    ask('POST', `/machines/${first}/run`, { command, timeoutSeconds: 10 }) as Promise<{
      exit: number;
      stdout: string;
    }>;
  const reaches = async () => (await onFirst('ping', '-c', '1', '-W', '1', privateAddress)).exit === 0;

  let printed = '';
  await until('user data printed', async () => {
    printed = await consoleOf(ec2, first);
    return printed.includes('user data of');
  });
  const pingBefore = await reaches();
  const rule = {
    GroupId: network.groupId,
    IpPermissions: [
      { IpProtocol: 'icmp', FromPort: -1, ToPort: -1, UserIdGroupPairs: [{ GroupId: network.groupId }] },
    ],
  };
  await ec2.send(new AuthorizeSecurityGroupIngressCommand(rule));
  await settled(ask);
  const pingAllowed = await reaches();
  await ec2.send(new RevokeSecurityGroupIngressCommand(rule));
  await settled(ask);
  const pingRevoked = await reaches();

  const { AllocationId = '', PublicIp = '' } = await ec2.send(new AllocateAddressCommand({}));
  await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId: first }));
  const inApi = (await described()).some((one) => one.PublicIpAddress === PublicIp);
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: network.groupId,
      IpPermissions: [
        { IpProtocol: 'icmp', FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: '192.0.2.10/32' }] },
      ],
    }),
  );
  const dns = new Route53Client(config());
  const zone = await dns.send(new CreateHostedZoneCommand({ Name: 'demo.example', CallerReference: 'one' }));
  await dns.send(
    new ChangeResourceRecordSetsCommand({
      HostedZoneId: zone.HostedZone?.Id,
      ChangeBatch: {
        Changes: [
          {
            Action: 'UPSERT',
            ResourceRecordSet: {
              Name: 'a.demo.example',
              Type: 'A',
              TTL: 60,
              ResourceRecords: [{ Value: PublicIp }],
            },
          },
        ],
      },
    }),
  );
  await settled(ask);
  const fromOutside = await command('ping', ['-c', '1', '-W', '1', '-I', '192.0.2.10', PublicIp]).then(
    () => 'reached',
    (error: { stdout?: string }) => error.stdout ?? String(error),
  );
  const name = (await onFirst('getent', 'ahostsv4', 'a.demo.example')).stdout.split(/\s+/)[0] ?? '';
  const metadata = await onFirst(
    'sh',
    '-c',
    'token=$(curl -sf -m 5 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token) && curl -sf -m 5 -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/instance-id',
  );

  const before = JSON.stringify(await described());
  lab.kill('SIGKILL');
  const [, killedBy] = (await once(lab, 'exit')) as [number | null, string | null];
  lab = await start(directory, ask);
  await settled(ask);
  const afterKill = {
    sameInstances: JSON.stringify(await described()) === before,
    startedOnce: (await onFirst('cat', '/var/tmp/started')).stdout === 'once\n',
    runs: (await onFirst('true')).exit === 0,
    killedBy,
  };

  await ec2.send(new TerminateInstancesCommand({ InstanceIds: nodes }));
  await until('both instances ended', async () =>
    (await described()).every((one) => one.State?.Name === 'terminated'),
  );
  await settled(ask);
  const terminated = {
    states: (await described()).map((one) => one.State?.Name ?? ''),
    machines: ((await ask('GET', '/machines')) as unknown[]).length,
  };

  lab.kill('SIGTERM');
  const [exit] = (await once(lab, 'exit')) as [number | null];
  return {
    userData: printed,
    metadata: metadata.stdout === first ? 'its own id' : metadata.stdout,
    pingBefore,
    pingAllowed,
    pingRevoked,
    publicAddress: { inApi, fromOutside },
    name: name === PublicIp ? 'its public address' : name,
    afterKill,
    afterEnd: { exit, namespaces: (await readdir('/run/netns').catch(() => [])).join(' ') },
    terminated,
  };
}

async function consoleOf(ec2: EC2Client, InstanceId: string): Promise<string> {
  const { Output = '' } = await ec2.send(new GetConsoleOutputCommand({ InstanceId }));
  return Buffer.from(Output, 'base64').toString();
}

const command = promisify(execFile);

type Ask = (method: string, path: string, body?: unknown) => Promise<unknown>;

async function start(directory: string, ask: Ask): Promise<ChildProcess> {
  const lab = spawn(process.execPath, [MAIN], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SKEIN_STATE_DIRECTORY: directory },
    stdio: ['ignore', 'inherit', 'inherit'].map((kind) =>
      kind === 'inherit' ? process.stderr : kind,
    ) as never,
  });
  await until('the lab answers', async () => {
    if (lab.exitCode !== null) throw new Error(`the lab ended with ${lab.exitCode}`);
    return (await ask('GET', '/health').catch(() => undefined)) !== undefined;
  });
  return lab;
}

const settled = (ask: Ask) =>
  until('the ground stands', async () => {
    const { ground } = (await ask('GET', '/health')) as { ground: { state: string } };
    return ground.state === 'stands';
  });

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + SECONDS * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${SECONDS} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function asker(socketPath: string): Ask {
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const sent = request({ agent: false, socketPath, method, path }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString();
          if (answer.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
        });
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
}
