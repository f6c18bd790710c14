import type { NetworkPlan, NewNetwork } from '@skein/contract/rest/network.ts';
import type { Database, Transaction } from '@skein/database/client.ts';
import type { Context } from '../context.ts';
import { newNetwork } from './plan/after/new-network.ts';
import { type Draft, draftNetwork, type Known, type Problem } from './plan/draft.ts';
import { lookAtExisting } from './plan/existing.ts';
import { otherRanges } from './plan/hold.ts';
import { knownTo, refusal } from './plan/known.ts';
import { planOf } from './plan/plan-of.ts';
import { askQuotas } from './plan/quotas.ts';
import { type Book, emptied } from './plan/shape.ts';

/** What creating this network now would make. Changes nothing, here or in a cloud. */
export async function planNetwork(context: Context, input: NewNetwork): Promise<NetworkPlan> {
  const { database, actor } = context;
  const { organizationId } = actor;
  const existing = await lookAtExisting(context, input.clusters, (index) => `clusters.${index}.`);
  const known = await knownTo(database, organizationId, existing);
  const draft = await draftFor(database, organizationId, input, known);
  const change = newNetwork(draft);
  const ranges = await otherRanges(database, organizationId, null);
  const plan = planOf(nothingYet(change.after, known), change, ranges);
  const quotas = await askQuotas(context, known.accounts, change.after, plan.resources);
  return { ...plan, warnings: [...plan.warnings, ...quotas] };
}

/** The book of a network that is not there yet. */
export function nothingYet(after: Book['shape'], known: Known): Book {
  return { shape: emptied(after), rows: [], accounts: known.accounts };
}

/** The draft behind a plan; throws `Refusal` with the fields that do not fit. */
export async function draftFor(
  database: Database | Transaction,
  organizationId: string,
  input: NewNetwork,
  known: Known,
): Promise<Draft> {
  const same = await database.network.findMany({
    where: { organizationId, deletedAt: null, OR: [{ name: input.name }, { zone: input.zone }] },
    select: { name: true, zone: true },
  });
  const problems: Problem[] = [];
  if (same.some((network) => network.name === input.name))
    problems.push({ path: 'name', message: `there is a network named ${input.name} already` });
  if (same.some((network) => network.zone === input.zone))
    problems.push({ path: 'zone', message: `${input.zone} is the zone of another network` });
  const drafted = draftNetwork(input, known);
  if (!drafted.ok) problems.push(...drafted.problems);
  if (!drafted.ok || problems.length > 0) throw refusal(problems);
  return drafted.draft;
}
