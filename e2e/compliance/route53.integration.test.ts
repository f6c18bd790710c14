/** Route 53 by the official SDK, against the lab. */
import { CreateVpcCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  GetHostedZoneCommand,
  ListResourceRecordSetsCommand,
  Route53Client,
} from '@aws-sdk/client-route-53';
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import { dnsCompliance } from '@skein/dns/compliance.ts';
import type { ZoneState } from '@skein/dns/provider.ts';
import { route53 } from '@skein/dns/route53/route53.ts';
import { expect, it } from 'vitest';
import { startPaperLab } from './lab.ts';
import { NO_IDENTITY } from './own-identity.ts';

const region = 'us-east-1';

dnsCompliance('Route 53', [], async () => {
  const lab = await startPaperLab();
  const credentials = lab.accounts.aws;
  const config = { region, endpoint: lab.awsUrl, credentials };
  const client = new Route53Client(config);
  const ec2 = new EC2Client(config);
  const vpcs = [];
  for (const CidrBlock of ['10.64.0.0/20', '10.64.16.0/20']) {
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock }));
    vpcs.push({ id: Vpc?.VpcId ?? '', region });
  }
  const change = async (
    Action: 'CREATE' | 'DELETE',
    { externalId }: ZoneState,
    record: { name: string; type: string; values: string[] },
  ) => {
    const ResourceRecords = record.values.map((Value) => ({ Value }));
    const ResourceRecordSet = { Name: record.name, Type: record.type as never, TTL: 60, ResourceRecords };
    await client.send(
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: externalId,
        ChangeBatch: { Changes: [{ Action, ResourceRecordSet }] },
      }),
    );
  };

  return {
    connect: (which) =>
      route53.connect({
        credentials: which === 'right' ? credentials : { ...credentials, secretAccessKey: 'x'.repeat(40) },
        endpoint: lab.awsUrl,
        identity: NO_IDENTITY,
      }),
    servedZones: null,
    manyNames: 700,
    waiting: /^Route 53 to answer with the new records of zone Z\w+ everywhere$/,
    vpcs,
    foreign: {
      write: (zone, record) => change('CREATE', zone, record),
      remove: (zone, record) => change('DELETE', zone, record),
      async read({ externalId }) {
        const { ResourceRecordSets } = await client.send(
          new ListResourceRecordSetsCommand({ HostedZoneId: externalId }),
        );
        return (ResourceRecordSets ?? [])
          .filter(({ Type }) => Type !== 'NS' && Type !== 'SOA')
          .map(({ Name, Type, ResourceRecords }) =>
            [Name?.replace(/\.$/, ''), Type, ...(ResourceRecords ?? []).map((one) => one.Value).sort()].join(
              ' ',
            ),
          )
          .sort();
      },
      async boundTo({ externalId }) {
        const { VPCs } = await client.send(new GetHostedZoneCommand({ Id: externalId }));
        return (VPCs ?? []).map((vpc) => vpc.VPCId ?? '').sort();
      },
      async makeZone(name) {
        const made = await client.send(
          new CreateHostedZoneCommand({ Name: name, CallerReference: `by hand ${name}` }),
        );
        const Id = made.HostedZone?.Id ?? '';
        return async () => (await client.send(new GetHostedZoneCommand({ Id }))).HostedZone?.Id === Id;
      },
    },
    close: async () => {
      client.destroy();
      ec2.destroy();
      await lab.close();
    },
  };
});

it('takes a zone that vanished between the listing and the look at its tags as not there', {
  timeout: 120_000,
}, async () => {
  const lab = await startPaperLab();
  const dns = route53.connect({
    credentials: lab.accounts.aws,
    endpoint: lab.awsUrl,
    identity: NO_IDENTITY,
  });
  const context = {
    signal: new AbortController().signal,
    waitingFor: () => {},
    attempt: 1,
    resume: resumeInMemory(),
  };
  const owner = { organizationId: 'org_vanish', networkId: 'net_vanish' };
  const spec = (key: string) => ({
    ...owner,
    key,
    name: `${key}.skein.test`,
    visibility: 'public' as const,
    vpcs: [],
  });
  for (const key of ['one', 'two', 'three']) await dns.reconcileZone(spec(key), context);
  // What is listed from now on is what there is now; tags are looked up as they are.
  lab.faults.set([{ action: 'ListHostedZones*', fault: { kind: 'stale', seconds: 600 } }]);
  const names = async () => (await dns.listZones(owner, context)).map((zone) => zone.name).sort();
  expect(await names()).toEqual(['one.skein.test', 'three.skein.test', 'two.skein.test']);
  await dns.deleteZone(spec('two'), context);
  expect(await names()).toEqual(['one.skein.test', 'three.skein.test']);
  expect(lab.faults.bitten().total).toBeGreaterThan(0);

  // The same where the one that vanished was the only one of its name.
  expect(await dns.observeZone(spec('three'), context)).toBeDefined();
  await dns.deleteZone(spec('three'), context);
  expect(await dns.observeZone(spec('three'), context)).toBeUndefined();
  await lab.close();
});
