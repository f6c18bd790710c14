/**
 * Clouds that stay open from step to step: making a client costs tens of milliseconds, and each signs in anew. What is
 * to tell whether an account can be used at all opens its own (`open.ts`).
 */
import type { Cloud } from '@skein/clouds/provider.ts';
import type { IdentityContext } from '../identity/own-identity.ts';
import { openCloud, type SealedAccount } from './open.ts';

/** So long at most a token counts that would not be given out again. */
const KEPT_MILLISECONDS = 5 * 60_000;
const MOST = 100;

interface Kept {
  cloud: Cloud;
  until: number;
}

/** Of each database, by account, its sealed credentials and region; the oldest first. */
const kept = new WeakMap<object, Map<string, Kept>>();

/** The account's cloud in a region, open already or opened now. @throws as `openCloud` */
export function keptCloud(context: IdentityContext, account: SealedAccount, region: string): Cloud {
  const clouds = kept.get(context.database) ?? new Map<string, Kept>();
  kept.set(context.database, clouds);
  const now = context.now().getTime();
  for (const [key, { until }] of clouds) if (until <= now) clouds.delete(key);
  const sealed = Buffer.from(account.credentialsSealed).toString('base64');
  const key = JSON.stringify([account.id, region, account.endpoint, sealed]);
  const known = clouds.get(key);
  if (known) return known.cloud;
  const [oldest] = clouds.keys();
  if (clouds.size >= MOST && oldest !== undefined) clouds.delete(oldest);
  const cloud = openCloud(context, account, region);
  clouds.set(key, { cloud, until: now + KEPT_MILLISECONDS });
  return cloud;
}
