import type { Database, Transaction } from '@skein/database/client.ts';
import { Refusal } from '../../failure.ts';
import type { Known, Problem } from './draft.ts';

/** A wish that cannot be planned, with the fields that do not fit. */
export function refusal(problems: readonly Problem[]): Refusal {
  return new Refusal(
    'invalid-request',
    `This cannot be made: ${problems.map((one) => one.message).join('; ')}.`,
    problems,
  );
}

/** Accounts and the ranges in use. Hold `lockRanges` while what is planned with it is written. */
export async function knownTo(
  database: Database | Transaction,
  organizationId: string,
  existing: Known['existing'],
): Promise<Known> {
  const living = { organizationId, deletedAt: null };
  const accounts = await database.cloudAccount.findMany({
    where: { organizationId },
    select: { id: true, name: true, provider: true, keyless: true },
  });
  const networks = await database.network.findMany({ where: living, select: { cidr: true } });
  const clusters = await database.cluster.findMany({
    where: living,
    select: { vpcCidr: true, podCidr: true, serviceCidr: true },
  });
  return {
    accounts: new Map(accounts.map(({ id, ...account }) => [id, account])),
    existing,
    takenOverlay: networks.map((network) => network.cidr),
    takenVpc: clusters.flatMap((cluster) => cluster.vpcCidr ?? []),
    takenKubernetes: clusters.flatMap(({ podCidr, serviceCidr }) =>
      [podCidr ?? [], serviceCidr ?? []].flat(),
    ),
  };
}

/** One plan at a time is written in an organization: ranges are given out by looking at those taken. */
export async function lockRanges(tx: Transaction, organizationId: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${organizationId}, 11))`;
}
