import type { NetworkPlan } from '@skein/contract/rest/network.ts';
import type { Context } from '../../context.ts';
import { askCloud } from './ask-cloud.ts';
import { needsOf, quotaWarnings } from './needs.ts';
import type { Book, Shape } from './shape.ts';

/** A plan is looked at by somebody who waits. */
const SECONDS = 6;

/** Asks each cloud in which something is made whether there is room. One that does not answer is a warning. */
export async function askQuotas(
  context: Context,
  accounts: Book['accounts'],
  after: Shape,
  resources: NetworkPlan['resources'],
): Promise<NetworkPlan['warnings']> {
  const asked = await Promise.all(
    needsOf(after, resources).map(async (need) => {
      const place = `${accounts.get(need.cloudAccountId)?.name ?? 'The account'} in ${need.region}`;
      const asked = await askCloud(context, need, SECONDS, (cloud, call) => cloud.quotas(call));
      if ('answer' in asked) return quotaWarnings(place, need, asked.answer);
      const message = `${place} could not be asked for its limits. ${asked.problem}`;
      return [{ code: 'unknown' as const, message }];
    }),
  );
  return asked.flat();
}
