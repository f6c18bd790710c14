/**
 * The key by which Skein signs the tokens that clouds trust. Made when first needed; the newest signs, and all that
 * are kept are published, so that a token signed just before a newer key came still counts.
 */
import { createHash, createPrivateKey, generateKeyPair, type JsonWebKey, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Context } from '../context.ts';

/** Public half of a key as a JWKS lists it (RFC 7517). */
export const PublicJwk = z.object({
  kty: z.literal('RSA'),
  n: z.string(),
  e: z.string(),
  alg: z.literal('RS256'),
  use: z.literal('sig'),
  kid: z.string(),
});
export type PublicJwk = z.infer<typeof PublicJwk>;

type KeyContext = Pick<Context, 'database' | 'sealer' | 'now'>;

/** Any number that nothing else locks: whoever makes the first key makes others wait. */
const FIRST_KEY_LOCK = 7_402_025;
const place = (id: string) => ({ organizationId: null, purpose: 'identity-key', rowId: id }) as const;

/** The key that signs now. */
export async function signingKey(context: KeyContext): Promise<{ id: string; key: KeyObject }> {
  const row = await newestKey(context);
  const key = context.sealer.open(place(row.id), row.privateKeySealed);
  return { id: row.id, key: createPrivateKey({ key, format: 'der', type: 'pkcs8' }) };
}

/** All public keys, the newest first. */
export async function publicKeys(context: KeyContext): Promise<PublicJwk[]> {
  await newestKey(context);
  const rows = await context.database.identityKey.findMany({ orderBy: { createdAt: 'desc' } });
  return rows.map((row) => PublicJwk.parse(row.publicKey));
}

async function newestKey(context: KeyContext) {
  const newest = { orderBy: { createdAt: 'desc' } } as const;
  const found = await context.database.identityKey.findFirst(newest);
  if (found) return found;
  const made = await makeKey();
  return context.database.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(${FIRST_KEY_LOCK})`;
    const first = await tx.identityKey.findFirst(newest);
    if (first) return first;
    const privateKeySealed = context.sealer.seal(place(made.publicKey.kid), made.privateKey);
    return tx.identityKey.create({
      data: {
        id: made.publicKey.kid,
        publicKey: made.publicKey,
        privateKeySealed,
        createdAt: context.now(),
      },
    });
  });
}

async function makeKey(): Promise<{ publicKey: PublicJwk; privateKey: Buffer }> {
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const { n = '', e = '' }: JsonWebKey = pair.publicKey.export({ format: 'jwk' });
  // The thumbprint of RFC 7638: members in the order of the alphabet, nothing between.
  const kid = createHash('sha256').update(`{"e":"${e}","kty":"RSA","n":"${n}"}`).digest('base64url');
  return {
    publicKey: { kty: 'RSA', n, e, alg: 'RS256', use: 'sig', kid },
    privateKey: pair.privateKey.export({ format: 'der', type: 'pkcs8' }),
  };
}
