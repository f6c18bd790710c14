import type { Policy } from '@skein/contract/rest/policy.ts';
import type { Database, Transaction } from '@skein/database/client.ts';
import type { Snapshot } from '@skein/mesh/network.ts';
import { MOST_RANGES, rangesIn } from '@skein/mesh/policy/compile.ts';
import { Refusal } from '../failure.ts';
import { loadSnapshot } from '../map/snapshot.ts';

/** What policies of a network are judged by, and the number of the one it has. */
export async function loadPolicySubject(
  database: Database | Transaction,
  organizationId: string,
  id: string,
): Promise<{ snapshot: Snapshot; number: number }> {
  const network = await database.network.findFirst({
    where: { id, organizationId, deletedAt: null },
    select: { policyNumber: true },
  });
  const snapshot = network ? await loadSnapshot(database, id) : undefined;
  if (!network || !snapshot) throw new Refusal('not-found', 'There is no such network.');
  return { snapshot, number: network.policyNumber };
}

/** The network as another policy would have it. Throws `Refusal` where that is more than agents should hold. */
export function under(snapshot: Snapshot, policy: Policy): Snapshot {
  const other = { ...snapshot, network: { ...snapshot.network, policy } };
  const ranges = rangesIn(other);
  if (ranges > MOST_RANGES)
    throw new Refusal(
      'invalid-request',
      `The peers that this policy speaks of come to ${ranges} ranges of addresses; agents hold ${MOST_RANGES} at most. Speak of clusters, which are one range each, rather than of labels borne by many peers.`,
    );
  return other;
}
