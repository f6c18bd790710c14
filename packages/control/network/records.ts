import type { DnsRecord } from '@skein/contract/rest/network.ts';
import { namesOf } from '@skein/mesh/name/view.ts';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import { loadSnapshot } from '../map/snapshot.ts';
import { loadNetwork } from './view.ts';

/** Every name of the network and what it answers inside its cluster, outside of it, and publicly. */
export async function listRecords(
  context: Context,
  input: { id: string },
): Promise<z.infer<typeof DnsRecord>[]> {
  await loadNetwork(context.database, context.actor.organizationId, input.id);
  const snapshot = await loadSnapshot(context.database, input.id);
  if (!snapshot) return [];
  return [...snapshot.parts].flatMap(([clusterId, part]) =>
    namesOf(part, snapshot.network.zone).map((view) => ({ ...view, clusterId })),
  );
}
