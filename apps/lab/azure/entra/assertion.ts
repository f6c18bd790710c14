/** Federated credentials: whom an application trusts instead of a secret, and the check of a token of theirs. */
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { z } from 'zod';
import { parsePart } from './jwt.ts';

/** What Entra wants a foreign issuer's token to be made out to. */
export const AUDIENCE = 'api://AzureADTokenExchange';
const SKEW_SECONDS = 300;

/** The trusted issuer, the one subject of it that is trusted, and the issuer's public keys. */
export const Federation = z.strictObject({
  issuer: z.url(),
  subject: z.string().min(1),
  jwks: z.object({
    keys: z.array(z.looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']), kid: z.string().optional() })).min(1),
  }),
});
export type Federation = z.infer<typeof Federation>;

export type Assertion = { ok: true } | { ok: false; code: string; message: string };

/** Checks a token of the trusted issuer: signature (RS256, ES256, EdDSA), issuer, subject, audience, times. */
export function checkAssertion(jwt: string, federation: Federation, now: Date): Assertion {
  const refuse = (code: string, message: string): Assertion => ({ ok: false, code, message });
  const [headPart = '', claimsPart = '', signature = '', ...rest] = jwt.split('.');
  const head = parsePart(headPart);
  const claims = parsePart(claimsPart);
  if (!head || !claims || rest.length > 0) return refuse('AADSTS50027', 'JWT token is invalid or malformed.');
  if (claims.iss !== federation.issuer)
    return refuse(
      'AADSTS70021',
      `No matching federated identity record found for presented assertion. Assertion Issuer: '${claims.iss}'. Assertion Subject: '${claims.sub}'. Assertion Audience: '${claims.aud}'.`,
    );
  if (claims.sub !== federation.subject)
    return refuse(
      'AADSTS700213',
      `No matching federated identity record found for presented assertion subject '${claims.sub}'.`,
    );
  if (![claims.aud].flat().includes(AUDIENCE))
    return refuse(
      'AADSTS700212',
      `No matching federated identity record found for presented assertion audience '${claims.aud}'.`,
    );
  const keys = federation.jwks.keys.filter((key) => head.kid === undefined || key.kid === head.kid);
  if (keys.length === 0)
    return refuse('AADSTS7000272', `The issuer's keys hold none with the id '${String(head.kid)}'.`);
  const signed = Buffer.from(`${headPart}.${claimsPart}`);
  if (
    !keys.some((key) =>
      holds(String(head.alg), key as JsonWebKey, signed, Buffer.from(signature, 'base64url')),
    )
  )
    return refuse('AADSTS700027', 'The assertion’s signature is invalid.');
  const seconds = now.getTime() / 1000;
  if (typeof claims.exp !== 'number' || claims.exp + SKEW_SECONDS <= seconds)
    return refuse('AADSTS700024', 'Client assertion is not within its valid time range: it has expired.');
  if (typeof claims.nbf === 'number' && claims.nbf - SKEW_SECONDS > seconds)
    return refuse(
      'AADSTS700024',
      'Client assertion is not within its valid time range: it is not valid yet.',
    );
  return { ok: true };
}

/** Whether the key signed it; the algorithm must be the key's own, so that none can be talked down. */
function holds(algorithm: string, jwk: JsonWebKey, signed: Buffer, signature: Buffer): boolean {
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  if (jwk.kty === 'RSA' && algorithm === 'RS256') return verify('sha256', signed, key, signature);
  if (jwk.kty === 'EC' && jwk.crv === 'P-256' && algorithm === 'ES256')
    return verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
  if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519' && algorithm === 'EdDSA')
    return verify(null, signed, key, signature);
  return false;
}
