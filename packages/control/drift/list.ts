import type { DriftFinding } from '@skein/contract/rest/drift.ts';
import type { Context } from '../context.ts';
import { loadNetwork } from '../network/view.ts';
import { findingView, STANDING } from './view.ts';

const ENDED_SHOWN = 50;

/** What stands of a network, then what ended, each newest first. */
export async function listDrift(context: Context, input: { id: string }): Promise<DriftFinding[]> {
  const { organizationId } = context.actor;
  await loadNetwork(context.database, organizationId, input.id);
  const where = { organizationId, networkId: input.id };
  const [standing, ended] = await Promise.all([
    context.database.driftFinding.findMany({
      where: { ...where, state: { in: [...STANDING] } },
      orderBy: [{ foundAt: 'desc' }, { id: 'asc' }],
    }),
    context.database.driftFinding.findMany({
      where: { ...where, state: { notIn: [...STANDING] } },
      orderBy: [{ endedAt: 'desc' }, { id: 'asc' }],
      take: ENDED_SHOWN,
    }),
  ]);
  return [...standing, ...ended].map(findingView);
}
