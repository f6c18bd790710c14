import type { DriftCheck } from '@skein/contract/rest/drift.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { loadNetwork } from '../network/view.ts';
import { checkNetwork } from './check.ts';
import { healByPolicy } from './heal.ts';
import { findingView, STANDING } from './view.ts';

/** Shorter than a browser waits for an answer. */
const LIMIT_SECONDS = 45;

/** Looks at once, because a person asks; mends where the network's policy says so. */
export async function lookNow(
  context: Context,
  input: { id: string; signal: AbortSignal },
): Promise<DriftCheck> {
  const { organizationId } = context.actor;
  const { name } = await loadNetwork(context.database, organizationId, input.id);
  const checked = await checkNetwork(context, {
    id: input.id,
    limitSeconds: LIMIT_SECONDS,
    signal: input.signal,
  });
  if (!checked)
    throw new Refusal(
      'conflict',
      `${name} cannot be compared now: it is being changed, is not ready, or is being looked at already. Try again when that has ended.`,
    );
  await healByPolicy(context, { id: input.id });
  const rows = await context.database.driftFinding.findMany({
    where: { organizationId, networkId: input.id, state: { in: [...STANDING] } },
    orderBy: [{ foundAt: 'desc' }, { id: 'asc' }],
  });
  return {
    checkedAt: checked.checkedAt.toISOString(),
    findings: rows.map(findingView),
    unseen: checked.unseen,
  };
}
