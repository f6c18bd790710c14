import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Database } from '@skein/database/client.ts';
import type { Sealer } from '../secret/sealer.ts';

/** The key that signs a network's maps, or undefined where there is no such network. */
export async function openMapKey(
  database: Database,
  sealer: Sealer,
  networkId: string,
): Promise<KeyObject | undefined> {
  const network = await database.network.findFirst({
    where: { id: networkId },
    select: { organizationId: true, mapPrivateKeySealed: true },
  });
  if (!network) return undefined;
  const place = {
    organizationId: network.organizationId,
    purpose: 'network-map-key',
    rowId: networkId,
  } as const;
  const key = sealer.open(place, network.mapPrivateKeySealed);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}
