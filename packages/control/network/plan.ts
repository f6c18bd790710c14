import type { NetworkPlan, NewNetwork } from '@skein/contract/rest/network.ts';
import type { Database, Transaction } from '@skein/database/client.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { type Draft, draftNetwork, type Known, type Problem, planView } from './plan/draft.ts';

/** What creating this network now would make. Changes nothing. */
export async function planNetwork(context: Context, input: NewNetwork): Promise<NetworkPlan> {
  return planView(await draftFor(context.database, context.actor.organizationId, input));
}

/** The draft behind a plan; throws `Refusal` with the fields that do not fit. */
export async function draftFor(
  database: Database | Transaction,
  organizationId: string,
  input: NewNetwork,
): Promise<Draft> {
  const living = { organizationId, deletedAt: null };
  const same = await database.network.findMany({
    where: { ...living, OR: [{ name: input.name }, { zone: input.zone }] },
    select: { name: true, zone: true },
  });
  const problems: Problem[] = [];
  if (same.some((network) => network.name === input.name))
    problems.push({ path: 'name', message: `there is a network named ${input.name} already` });
  if (same.some((network) => network.zone === input.zone))
    problems.push({ path: 'zone', message: `${input.zone} is the zone of another network` });
  const drafted = draftNetwork(input, await knownTo(database, organizationId));
  if (!drafted.ok) problems.push(...drafted.problems);
  if (!drafted.ok || problems.length > 0) throw refusal(problems);
  return drafted.draft;
}

export function refusal(problems: readonly Problem[]): Refusal {
  return new Refusal(
    'invalid-request',
    `This cannot be made: ${problems.map((one) => one.message).join('; ')}.`,
    problems,
  );
}

/** Accounts and the ranges in use. Hold `lockRanges` while what is planned with it is written. */
export async function knownTo(database: Database | Transaction, organizationId: string): Promise<Known> {
  const living = { organizationId, deletedAt: null };
  const accounts = await database.cloudAccount.findMany({
    where: { organizationId },
    select: { id: true, provider: true },
  });
  const networks = await database.network.findMany({ where: living, select: { cidr: true } });
  const clusters = await database.cluster.findMany({ where: living, select: { vpcCidr: true } });
  return {
    accounts: new Map(accounts.map(({ id, provider }) => [id, { provider }])),
    existing: new Map(),
    takenOverlay: networks.map((network) => network.cidr),
    takenVpc: clusters.flatMap((cluster) => cluster.vpcCidr ?? []),
  };
}

/** One plan at a time is written in an organization: ranges are given out by looking at those taken. */
export async function lockRanges(tx: Transaction, organizationId: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${organizationId}, 11))`;
}
