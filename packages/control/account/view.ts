/** Cloud accounts: credentials for one provider, sealed. Nothing here ever answers them. */
import type { CloudAccount } from '@skein/contract/rest/account.ts';
import type { Prisma } from '@skein/database/generated/client.ts';

/** What `accountView` needs; credentials are left in the database. */
export const accountFields = {
  id: true,
  name: true,
  provider: true,
  keyless: true,
  endpoint: true,
  identity: true,
  verifiedAt: true,
  problem: true,
  createdAt: true,
  _count: { select: { clusters: { where: { deletedAt: null } } } },
} as const satisfies Prisma.CloudAccountSelect;

export type AccountRow = Prisma.CloudAccountGetPayload<{ select: typeof accountFields }>;

export function accountView(row: AccountRow): CloudAccount {
  const { _count, verifiedAt, createdAt, ...rest } = row;
  return {
    ...rest,
    verifiedAt: verifiedAt?.toISOString() ?? null,
    clusters: _count.clusters,
    createdAt: createdAt.toISOString(),
  };
}
