/** How much of what the account may hold in the region is used. */
import {
  DescribeAddressesCommand,
  DescribeInstanceTypesCommand,
  type Instance,
  paginateDescribeInstances,
  paginateDescribeSecurityGroups,
  paginateDescribeVpcs,
} from '@aws-sdk/client-ec2';
import { GetServiceQuotaCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import type { CallContext, Quota } from '../provider.ts';
import { ask, askAll, required } from './ask.ts';
import { clientConfig } from './client-config.ts';
import type { Connection } from './connection.ts';
import type { AwsAccount } from './request-settings.ts';

/** AWS's own codes; quotas of a region. vCPUs are those of standard instance types on demand. */
const CODES = {
  vcpus: ['ec2', 'L-1216C47A'],
  addresses: ['ec2', 'L-0263D0A3'],
  networks: ['vpc', 'L-F678F1CE'],
  firewalls: ['vpc', 'L-E79EC296'],
} as const;
type Counted = keyof typeof CODES;

const LIVING = ['pending', 'running', 'stopping', 'stopped', 'shutting-down'];

export async function quotas(
  account: AwsAccount,
  connection: Connection,
  context: CallContext,
): Promise<Quota[]> {
  const client = new ServiceQuotasClient(clientConfig(account));
  try {
    const names = Object.keys(CODES) as Counted[];
    return await Promise.all(
      names.map(async (what): Promise<Quota> => {
        const [ServiceCode, QuotaCode] = CODES[what];
        const [answer, used] = await Promise.all([
          ask('asking for a quota', context, (o) =>
            client.send(new GetServiceQuotaCommand({ ServiceCode, QuotaCode }), o),
          ),
          usedOf(what, connection, context),
        ]);
        return { what, limit: required(answer.Quota?.Value, 'a quota’s value'), used };
      }),
    );
  } finally {
    client.destroy();
  }
}

/** vCPUs that one instance of a type counts for, or undefined where the region has no such type. */
export async function vcpusOf(
  { ec2 }: Connection,
  instanceType: string,
  context: CallContext,
): Promise<number | undefined> {
  const answer = await ask('asking about the instance type', context, (o) =>
    ec2.send(
      new DescribeInstanceTypesCommand({ Filters: [{ Name: 'instance-type', Values: [instanceType] }] }),
      o,
    ),
  );
  return answer.InstanceTypes?.[0]?.VCpuInfo?.DefaultVCpus;
}

async function usedOf(what: Counted, { ec2 }: Connection, context: CallContext): Promise<number> {
  if (what === 'addresses') {
    const answer = await ask('listing addresses', context, (o) =>
      ec2.send(new DescribeAddressesCommand({}), o),
    );
    return answer.Addresses?.length ?? 0;
  }
  if (what === 'vcpus') {
    const living = await askAll(
      'listing instances',
      context,
      (o) =>
        paginateDescribeInstances(
          { client: ec2 },
          { Filters: [{ Name: 'instance-state-name', Values: LIVING }] },
          o,
        ),
      (page) => page.Reservations?.flatMap((one) => one.Instances ?? []),
    );
    const cores = ({ CpuOptions: cpu }: Instance) => (cpu?.CoreCount ?? 1) * (cpu?.ThreadsPerCore ?? 1);
    return living.reduce((sum, one) => sum + cores(one), 0);
  }
  const all =
    what === 'networks'
      ? await askAll(
          'listing VPCs',
          context,
          (o) => paginateDescribeVpcs({ client: ec2 }, {}, o),
          (page) => page.Vpcs,
        )
      : await askAll(
          'listing security groups',
          context,
          (o) => paginateDescribeSecurityGroups({ client: ec2 }, {}, o),
          (page) => page.SecurityGroups,
        );
  return all.length;
}
