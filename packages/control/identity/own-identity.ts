import { sign } from 'node:crypto';
import type { OwnIdentity } from '@skein/clouds/own-identity.ts';
import { CloudError } from '@skein/clouds/provider.ts';
import type { Context } from '../context.ts';
import { signingKey } from './key.ts';

export type IdentityContext = Pick<Context, 'database' | 'sealer' | 'now' | 'platform'>;

const TOKEN_SECONDS = 600;
/** Clocks differ: a token that seems to come from the future is refused. */
const EARLIER_SECONDS = 30;

/** The subject of tokens for an organization: what a cloud's trust names. */
export const subjectOf = (organizationId: string) => `organization:${organizationId}`;

/** Skein towards a cloud, on behalf of one organization. Asks nothing until a token is wanted. */
export function ownIdentity(context: IdentityContext, organizationId: string): OwnIdentity {
  return {
    organizationId,
    aws: context.platform.aws,
    async token(audience) {
      const issuer = context.platform.publicUrl;
      if (issuer === null)
        throw new CloudError('invalid', 'This installation has no address at which a cloud could know it.', {
          remedy: 'Set SKEIN_PUBLIC_URL for the worker and the dashboard, or give the account a static key.',
        });
      const { id, key } = await signingKey(context);
      const now = Math.floor(context.now().getTime() / 1000);
      const claims = {
        iss: issuer,
        sub: subjectOf(organizationId),
        aud: audience,
        iat: now - EARLIER_SECONDS,
        exp: now + TOKEN_SECONDS,
      };
      const text = `${part({ alg: 'RS256', typ: 'JWT', kid: id })}.${part(claims)}`;
      return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
    },
  };
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
