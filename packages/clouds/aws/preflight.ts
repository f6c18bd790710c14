/** What would stand in the way of a wish, before anything is made. Reads and dry runs only. */
import { DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import type { PreflightFinding } from '@skein/contract/rest/account.ts';
import { found, permissionFinding, quotaFindings } from '../findings.ts';
import { type CallContext, CloudError, type Wish } from '../provider.ts';
import { allowed } from './allowed.ts';
import { ask } from './ask.ts';
import type { Connection } from './connection.ts';
import { imageFor } from './image.ts';
import { quotas, vcpusOf } from './quotas.ts';
import type { AwsAccount } from './request-settings.ts';
import { whoAmI } from './who-am-i.ts';

/** Of gateway and members. */
const SECURITY_GROUPS = 2;

/** @returns what was found; credentials that AWS refuses are a finding, and then the only one. */
export async function preflight(
  account: AwsAccount,
  connection: Connection,
  wish: Wish,
  context: CallContext,
): Promise<PreflightFinding[]> {
  let identity: string;
  try {
    identity = await whoAmI(account, context);
  } catch (error) {
    if (!(error instanceof CloudError) || error.retryable) throw error;
    return [
      found(
        'credentials',
        'AWS',
        'missing',
        [error.message, error.remedy].filter((part) => part !== null).join(' '),
      ),
    ];
  }
  const [verdicts, ...rest] = await Promise.all([
    allowed(account, connection, identity, wish.permissions, context),
    unlessForbidden('region', account.region, () => region(connection, account.region, context)),
    unlessForbidden('image', 'Debian 12', () => image(connection, wish, context)),
    unlessForbidden('quota', wish.instanceType, () => room(account, connection, wish, context)),
  ]);
  return [
    found('credentials', identity, 'ok'),
    ...rest.flat(),
    ...wish.permissions.map((one) => permissionFinding(one, verdicts.get(one.action) ?? null)),
  ];
}

/** A look that is not allowed leaves its question open: the permission that is missing is a finding of its own. */
async function unlessForbidden(
  kind: PreflightFinding['kind'],
  subject: string,
  look: () => Promise<PreflightFinding[]>,
): Promise<PreflightFinding[]> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof CloudError && error.code === 'forbidden')
      return [found(kind, subject, 'unknown', error.message)];
    throw error;
  }
}

async function region({ ec2 }: Connection, name: string, context: CallContext): Promise<PreflightFinding[]> {
  const answer = await ask('asking which regions are in use', context, (o) =>
    ec2.send(new DescribeRegionsCommand({ AllRegions: true }), o),
  );
  const one = answer.Regions?.find((each) => each.RegionName === name);
  if (one && one.OptInStatus !== 'not-opted-in') return [found('region', name, 'ok')];
  return [
    found('region', name, 'missing', 'The account does not use this region. Enable it in the AWS console.'),
  ];
}

async function image(
  connection: Connection,
  { instanceType: type }: Wish,
  context: CallContext,
): Promise<PreflightFinding[]> {
  try {
    return [found('image', await imageFor(connection, type, context), 'ok')];
  } catch (error) {
    if (error instanceof CloudError && error.code === 'not-found')
      return [found('image', 'Debian 12', 'missing', 'Debian publishes no image in this region.')];
    throw error;
  }
}

async function room(
  account: AwsAccount,
  connection: Connection,
  wish: Wish,
  context: CallContext,
): Promise<PreflightFinding[]> {
  const [held, vcpus] = await Promise.all([
    quotas(account, connection, context),
    vcpusOf(connection, wish.instanceType, context),
  ]);
  const type =
    vcpus === undefined
      ? found(
          'instance-type',
          wish.instanceType,
          'missing',
          'The region does not offer this instance type. Choose another.',
        )
      : found('instance-type', wish.instanceType, 'ok');
  return [
    type,
    ...quotaFindings(held, {
      vcpus: (vcpus ?? 0) * wish.instances,
      addresses: wish.addresses,
      networks: wish.networks,
      firewalls: wish.networks * SECURITY_GROUPS,
    }),
  ];
}
