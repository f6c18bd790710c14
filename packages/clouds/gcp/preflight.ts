/** What would stand in the way of a wish, before anything is made. Reads only. */
import type { PreflightFinding } from '@skein/contract/rest/account.ts';
import { found, permissionFinding, quotaFindings } from '../findings.ts';
import { type CallContext, CloudError, type Wish } from '../provider.ts';
import type { Connection } from './connection.ts';
import { isDisabled } from './errors.ts';
import { IMAGE_FAMILY } from './image.ts';
import { quotas, readRegion, vcpusOf } from './quotas.ts';

/** The APIs that are called, and a look at something of each. A project has them only after they were enabled in it. */
const APIS = [
  { host: 'compute.googleapis.com', path: (project: string) => `/compute/v1/projects/${project}` },
  {
    host: 'dns.googleapis.com',
    path: (project: string) => `/dns/v1/projects/${project}/managedZones?maxResults=1`,
  },
] as const;

/** Google answers about a hundred at once. */
const ASKED_AT_ONCE = 100;
/** Of gateway and members, with a rule each for its ranges of ports. */
const FIREWALL_RULES = 4;

/** @returns what was found; credentials that Google refuses are a finding, and then the only one. */
export async function preflight(
  connection: Connection,
  wish: Wish,
  context: CallContext,
): Promise<PreflightFinding[]> {
  let held: ReadonlySet<string>;
  try {
    held = await heldPermissions(
      connection,
      wish.permissions.map((one) => one.action),
      context,
    );
  } catch (error) {
    if (!(error instanceof CloudError) || error.retryable) throw error;
    return [found('credentials', connection.email, 'missing', wordsOf(error))];
  }
  const looks = await Promise.all([
    look('image', 'Debian 12', async () => {
      const image = await connection.read<{ name?: string }>(
        'reading the image family',
        'compute.googleapis.com',
        `/compute/v1/${IMAGE_FAMILY}`,
        context,
      );
      return [found('image', image.name ?? 'Debian 12', 'ok')];
    }),
    look('region', connection.region, () => room(connection, wish, context)),
    ...APIS.map(({ host, path }) => api(connection, host, path(connection.project), context)),
  ]);
  return [
    found('credentials', connection.email, 'ok'),
    ...looks.flat(),
    ...wish.permissions.map((one) => permissionFinding(one, held.has(one.action))),
  ];
}

/** Whether an API is enabled in the project. A look that is refused for another reason says nothing of that. */
async function api(
  connection: Connection,
  host: string,
  path: string,
  context: CallContext,
): Promise<PreflightFinding[]> {
  try {
    await connection.read('looking whether an API is enabled', host, path, context);
  } catch (error) {
    if (!(error instanceof CloudError) || error.retryable) throw error;
    if (isDisabled(error))
      return [
        found(
          'permission',
          host,
          'missing',
          `The API is not enabled: gcloud services enable ${host} --project=${connection.project}`,
        ),
      ];
    return [];
  }
  return [found('permission', host, 'ok')];
}

/** Those of `asked` that we have on the project; asking needs no permission. */
export async function heldPermissions(
  connection: Connection,
  asked: readonly string[],
  context: CallContext,
): Promise<Set<string>> {
  const held = new Set<string>();
  for (let from = 0; from < asked.length; from += ASKED_AT_ONCE) {
    const answer = await connection.post<{ permissions?: string[] }>(
      'asking what we may do',
      'cloudresourcemanager.googleapis.com',
      `/v1/projects/${encodeURIComponent(connection.project)}:testIamPermissions`,
      { permissions: asked.slice(from, from + ASKED_AT_ONCE) },
      context,
    );
    for (const one of answer.permissions ?? []) held.add(one);
  }
  return held;
}

const wordsOf = (error: CloudError) =>
  [error.message, error.remedy].filter((part) => part !== null).join(' ');

/** What is not there is missing; what we may not see stays open. */
async function look(
  kind: PreflightFinding['kind'],
  subject: string,
  findings: () => Promise<PreflightFinding[]>,
): Promise<PreflightFinding[]> {
  try {
    return await findings();
  } catch (error) {
    if (!(error instanceof CloudError) || error.retryable) throw error;
    const status = error.code === 'forbidden' ? 'unknown' : 'missing';
    return [found(kind, subject, status, wordsOf(error))];
  }
}

async function room(connection: Connection, wish: Wish, context: CallContext): Promise<PreflightFinding[]> {
  const region = await readRegion(connection, context);
  const up = region.status === 'UP';
  const regionFinding = found(
    'region',
    connection.region,
    up ? 'ok' : 'missing',
    up ? null : 'Google says that the region is down.',
  );
  let vcpus = 0;
  const type = await look('instance-type', wish.instanceType, async () => {
    vcpus = await vcpusOf(connection, wish.instanceType, context);
    return [found('instance-type', wish.instanceType, 'ok')];
  });
  const held = await look('quota', 'quotas', async () =>
    quotaFindings(await quotas(connection, region, context), {
      instances: wish.instances,
      vcpus: vcpus * wish.instances,
      addresses: wish.addresses,
      networks: wish.networks,
      firewalls: wish.networks * FIREWALL_RULES,
    }),
  );
  return [regionFinding, ...type, ...held];
}
