/** What would stand in the way of a wish, before anything is made. Reads only. */
import type { ResourceSku } from '@azure/arm-compute';
import type { PreflightFinding } from '@skein/contract/rest/account.ts';
import { found, permissionFinding, quotaFindings } from '../findings.ts';
import { type CallContext, CloudError, type Wish } from '../provider.ts';
import type { Connection } from './connection.ts';
import { imageFor } from './image.ts';
import { allows, type RolePermission } from './permission-match.ts';
import { familyRoom, quotasIn, usages } from './quotas.ts';
import { whoAmI } from './who-am-i.ts';

/** Of gateway and members. */
const GROUPS = 2;
const PROVIDERS = ['Microsoft.Compute', 'Microsoft.Network'];
const PERMISSIONS_API = '2022-04-01';

/** @returns what was found; credentials that Azure refuses are a finding, and then the only one. */
export async function preflight(
  connection: Connection,
  wish: Wish,
  context: CallContext,
): Promise<PreflightFinding[]> {
  let roles: RolePermission[];
  try {
    roles = await heldRoles(connection, context);
  } catch (error) {
    if (!(error instanceof CloudError) || error.retryable) throw error;
    return [found('credentials', `application ${connection.clientId}`, 'missing', wordsOf(error))];
  }
  const looks = await Promise.all([
    look('credentials', `application ${connection.clientId}`, async () => [
      found('credentials', await whoAmI(connection, context), 'ok'),
    ]),
    ...PROVIDERS.map((name) => look('permission', name, () => registration(connection, name, context))),
    look('image', 'Ubuntu 24.04 LTS', () => image(connection, wish, context)),
    look('region', connection.region, () => room(connection, wish, context)),
  ]);
  return [
    ...looks.flat(),
    ...wish.permissions.map((one) => permissionFinding(one, allows(roles, one.action))),
  ];
}

/** What our roles on the subscription add up to; everybody may ask that of himself. */
async function heldRoles(connection: Connection, context: CallContext): Promise<RolePermission[]> {
  const { value } = await connection.read<{ value?: RolePermission[] }>(
    'asking what we may do',
    '/providers/Microsoft.Authorization/permissions',
    PERMISSIONS_API,
    context,
  );
  return value ?? [];
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

/** A subscription uses no service before it is registered for it; the first use from a script registers nothing. */
async function registration(
  connection: Connection,
  name: string,
  context: CallContext,
): Promise<PreflightFinding[]> {
  const { registrationState = 'unknown' } = await connection.ask(
    'resources',
    `asking whether ${name} is registered`,
    context,
    (on, o) => on.providers.get(name, o),
  );
  const subject = `registration of ${name}`;
  if (registrationState === 'Registered') return [found('permission', subject, 'ok')];
  const detail = `The subscription does not use ${name} yet (${registrationState}). Run: az provider register --namespace ${name}`;
  return [found('permission', subject, 'missing', detail)];
}

async function image(connection: Connection, wish: Wish, context: CallContext): Promise<PreflightFinding[]> {
  const { publisher, offer, sku } = imageFor(wish.instanceType);
  const versions = await connection.ask('compute', 'asking for the image', context, (on, o) =>
    on.virtualMachineImages.list(connection.region, publisher, offer, sku, { top: 1, ...o }),
  );
  const subject = `${publisher}:${offer}:${sku}`;
  if (versions.length > 0) return [found('image', subject, 'ok')];
  return [found('image', subject, 'missing', 'Canonical publishes no such image in this region.')];
}

async function room(connection: Connection, wish: Wish, context: CallContext): Promise<PreflightFinding[]> {
  const { region } = connection;
  const skus = (
    await connection.askAll('compute', 'asking for instance types', context, (on, o) =>
      on.resourceSkus.list({ filter: `location eq '${region}'`, ...o }),
    )
  ).filter((one) => one.resourceType === 'virtualMachines');
  if (skus.length === 0) {
    const detail = 'The subscription has no instance types in this region. Choose another region.';
    return [found('region', region, 'missing', detail)];
  }
  const sku = skus.find((one) => one.name?.toLowerCase() === wish.instanceType.toLowerCase());
  const vcpus = Number(sku?.capabilities?.find((one) => one.name === 'vCPUs')?.value ?? 0) * wish.instances;
  const all = await usages(connection, context);
  const rest = quotaFindings(quotasIn(all), {
    instances: wish.instances,
    vcpus,
    // Members have public addresses too: without one there is no way out.
    addresses: Math.max(wish.addresses, wish.instances),
    networks: wish.networks,
    firewalls: wish.networks * GROUPS,
  });
  return [
    found('region', region, 'ok'),
    typeFinding(wish.instanceType, sku),
    ...family(sku, all, vcpus),
    ...rest,
  ];
}

function typeFinding(name: string, sku: ResourceSku | undefined): PreflightFinding {
  if (!sku) return found('instance-type', name, 'missing', 'The region does not offer it. Choose another.');
  const barred = sku.restrictions?.find((one) => one.type === 'Location');
  if (!barred) return found('instance-type', name, 'ok');
  const detail = `Azure does not give it to this subscription here (${barred.reasonCode}). Choose another, or ask Azure support.`;
  return found('instance-type', name, 'missing', detail);
}

/** The vCPUs of each family of sizes have a limit of their own beside the region's. */
function family(
  sku: ResourceSku | undefined,
  all: Awaited<ReturnType<typeof usages>>,
  vcpus: number,
): PreflightFinding[] {
  const held = sku?.family ? familyRoom(all, sku.family) : undefined;
  if (!sku?.family || !held || held.used + vcpus <= held.limit) return [];
  const detail = `${held.used} of ${held.limit} vCPUs of ${sku.family} are in use, and ${vcpus} more are needed. Ask for a higher quota.`;
  return [found('quota', sku.family, 'missing', detail)];
}
