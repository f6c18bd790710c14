import type { Transaction } from '@skein/database/client.ts';
import type { RevisionChange } from '../map/publish.ts';

/** Removes the ranges that a peer carries alone, because it goes. Answers what of maps changes by it. */
export async function forgetRangesOf(
  tx: Transaction,
  organizationId: string,
  peer: { id: string; clusterId: string },
): Promise<RevisionChange[]> {
  const { count } = await tx.clusterRange.deleteMany({ where: { peerId: peer.id, organizationId } });
  return count > 0 ? [{ cluster: peer.clusterId }] : [];
}
