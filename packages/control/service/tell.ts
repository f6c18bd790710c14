import type { Transaction } from '@skein/database/client.ts';
import { CHANNEL, notify } from '@skein/database/notify.ts';

/** A notification holds 8,000 bytes; beyond this all services are looked at. */
const MOST_KEYS = 40;

/** Tells the coordinators, when the transaction commits, which services of a network changed. */
export async function tellServices(
  tx: Transaction,
  networkId: string,
  keys: readonly string[] | null,
): Promise<void> {
  if (keys?.length === 0) return;
  const named = keys && keys.length <= MOST_KEYS ? keys : null;
  await notify(tx, CHANNEL.service, JSON.stringify({ networkId, keys: named }));
}
