/** What clouds read to know Skein's tokens (OpenID Connect Discovery): public, and the same for every organization. */
import type { Context, Platform } from '../context.ts';
import { type PublicJwk, publicKeys } from './key.ts';

/** The document at `/.well-known/openid-configuration`; undefined where this installation has no address. */
export function openidConfiguration({ publicUrl }: Platform): object | undefined {
  if (publicUrl === null) return undefined;
  return {
    issuer: publicUrl,
    jwks_uri: `${publicUrl}/.well-known/jwks.json`,
    // Nobody signs in here, but readers of this document refuse one without these.
    authorization_endpoint: `${publicUrl}/sign-in`,
    response_types_supported: ['id_token'],
    response_modes_supported: ['query'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid'],
    claims_supported: ['iss', 'sub', 'aud', 'iat', 'exp'],
  };
}

/** The document at `/.well-known/jwks.json` (RFC 7517). Makes the first key where there is none yet. */
export async function publishedKeys(
  context: Pick<Context, 'database' | 'sealer' | 'now'>,
): Promise<{ keys: PublicJwk[] }> {
  return { keys: await publicKeys(context) };
}
