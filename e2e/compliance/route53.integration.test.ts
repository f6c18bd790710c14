/** Route 53 by the official SDK, against the lab. */
import { CreateVpcCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  GetHostedZoneCommand,
  ListResourceRecordSetsCommand,
  Route53Client,
} from '@aws-sdk/client-route-53';
import { dnsCompliance } from '@skein/dns/compliance.ts';
import type { ZoneState } from '@skein/dns/provider.ts';
import { route53 } from '@skein/dns/route53/route53.ts';
import { startPaperLab } from './lab.ts';

const region = 'us-east-1';

dnsCompliance('Route 53', async () => {
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
      }),
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
