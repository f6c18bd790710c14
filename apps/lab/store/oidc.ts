/** Tokens of an OpenID Connect issuer: verified against its published keys (RFC 7519, RS256). */
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { z } from 'zod';

/** A JWKS, as an issuer publishes it. */
export const Jwks = z.object({
  keys: z.array(z.looseObject({ kty: z.literal('RSA'), kid: z.string().optional() })).min(1),
});
export type Jwks = z.output<typeof Jwks>;

export type Verdict =
  | { ok: true; claims: Readonly<Record<string, unknown>> }
  | { ok: false; why: 'malformed' | 'algorithm' | 'unknown-key' | 'signature' | 'expired' | 'not-yet' };

const SKEW_SECONDS = 60;

/** Whether one of the keys signed the token, and whether its time is now. Audience, issuer and subject are the caller's to check. */
export function verifyToken(jwt: string, jwks: Jwks, now: Date): Verdict {
  const refuse = (why: Extract<Verdict, { ok: false }>['why']): Verdict => ({ ok: false, why });
  const [headPart = '', claimsPart = '', signature = '', ...rest] = jwt.split('.');
  const head = parsePart(headPart);
  const claims = parsePart(claimsPart);
  if (!head || !claims || rest.length > 0) return refuse('malformed');
  if (head.alg !== 'RS256') return refuse('algorithm');
  const keys = jwks.keys.filter((key) => head.kid === undefined || key.kid === head.kid);
  if (keys.length === 0) return refuse('unknown-key');
  const signed = Buffer.from(`${headPart}.${claimsPart}`);
  const holds = (key: object) =>
    verify(
      'sha256',
      signed,
      createPublicKey({ key: key as JsonWebKey, format: 'jwk' }),
      Buffer.from(signature, 'base64url'),
    );
  if (!keys.some(holds)) return refuse('signature');
  const seconds = now.getTime() / 1000;
  if (typeof claims.exp !== 'number' || claims.exp + SKEW_SECONDS <= seconds) return refuse('expired');
  for (const from of [claims.nbf, claims.iat])
    if (typeof from === 'number' && from - SKEW_SECONDS > seconds) return refuse('not-yet');
  return { ok: true, claims };
}

function parsePart(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
