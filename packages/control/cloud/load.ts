import { REGISTRY } from '@skein/clouds/registry.ts';
import { ProviderId } from '@skein/contract/primitive.ts';
import type { Database } from '@skein/database/client.ts';

/** Loads the SDKs of all clouds that somebody has an account with, so that no step has to wait for that. */
export async function loadClouds(database: Database): Promise<void> {
  const accounts = await database.cloudAccount.findMany({
    distinct: ['provider'],
    select: { provider: true },
  });
  for (const { provider } of accounts) {
    const cloud = ProviderId.safeParse(provider).data;
    if (cloud) await REGISTRY[cloud].provider.load();
  }
}
