/** Findings as the REST API tells them, and which of them stand. */
import type { DriftFinding } from '@skein/contract/rest/drift.ts';
import type { ResourceKind } from '@skein/contract/rest/network.ts';
import type { DriftFinding as Row } from '@skein/database/generated/client.ts';

/** States of a finding whose difference is not over. A dismissed one stands too: it is only not spoken of. */
export const STANDING = ['open', 'healing', 'dismissed'] as const;

export function findingView(row: Row): DriftFinding {
  return {
    id: row.id,
    networkId: row.networkId,
    clusterId: row.clusterId,
    cloudAccountId: row.cloudAccountId,
    provider: row.provider,
    region: row.region,
    kind: row.kind as ResourceKind,
    key: row.key,
    externalId: row.externalId,
    what: row.what,
    differences: row.differences as DriftFinding['differences'],
    changedBy: row.changedBy as DriftFinding['changedBy'],
    state: row.state,
    foundAt: row.foundAt.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
    operationId: row.operationId,
  };
}
