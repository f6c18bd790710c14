import { CloudError } from '@skein/clouds/provider.ts';
import type { LastChange } from '@skein/contract/rest/drift.ts';
import { openCloud } from '../cloud/open.ts';
import type { Context } from '../context.ts';
import type { Entry } from './books.ts';
import { bounded } from './look.ts';

const TOLD = ['network', 'firewall', 'address', 'instance'] as const;

/**
 * Who changed a resource since we last did, where its cloud tells; null where it does not, or not yet: clouds write
 * their own logs some minutes late, so later looks ask again.
 */
export async function whoChanged(
  context: Context,
  { row, account }: Pick<Entry, 'row' | 'account'>,
  signal: AbortSignal,
): Promise<LastChange | null> {
  const kind = TOLD.find((one) => one === row.kind);
  const { externalId } = row;
  if (!kind || externalId === null) return null;
  try {
    const cloud = openCloud(context, account, row.region);
    const change = await bounded(signal, (call) =>
      cloud.lastChange({ kind, externalId }, row.updatedAt, call),
    );
    return change && { ...change, at: change.at.toISOString() };
  } catch (error) {
    // That nobody tells who it was does not make it less of a finding.
    if (error instanceof CloudError || signal.aborted) return null;
    throw error;
  }
}
