/** Access tokens as Entra makes them: JWTs signed with the tenant's key, checked on every call of ARM. */
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { AzureAccount } from './account.ts';
import { parsePart } from './jwt.ts';

export const TOKEN_SECONDS = 3599;
/** What ARM takes as a token's audience, beside the lab's own address. */
const MANAGEMENT = ['https://management.azure.com', 'https://management.core.windows.net'];

/** The audience of a scope such as `https://management.azure.com/.default`, or undefined when it is no scope of ARM. */
export function audienceOf(scope: string, ownUrl: string): string | undefined {
  const [first = ''] = scope.split(' ').filter((each) => each.endsWith('/.default'));
  const audience = first.slice(0, -'/.default'.length).replace(/\/$/, '');
  return [...MANAGEMENT, ownUrl].includes(audience) ? audience : undefined;
}

/** @param audience what `audienceOf` answered */
export function makeToken(account: AzureAccount, audience: string, ownUrl: string, now: Date): string {
  const seconds = Math.floor(now.getTime() / 1000);
  const claims = {
    aud: audience,
    iss: `${ownUrl}/${account.tenantId}/`,
    iat: seconds,
    nbf: seconds,
    exp: seconds + TOKEN_SECONDS,
    appid: account.clientId,
    appidacr: '1',
    idtyp: 'app',
    oid: account.objectId,
    sub: account.objectId,
    tid: account.tenantId,
    ver: '1.0',
  };
  const head = { typ: 'JWT', alg: 'RS256', kid: account.keyId };
  const text = [head, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${sign('sha256', Buffer.from(text), createPrivateKey(account.privateKey)).toString('base64url')}`;
}

export type Identified =
  | { ok: true; account: AzureAccount }
  | { ok: false; code: 'InvalidAuthenticationToken' | 'ExpiredAuthenticationToken'; message: string };

/** Whose token it is, when it is good for ARM now. */
export function identify(
  token: string,
  accounts: readonly AzureAccount[],
  ownUrl: string,
  now: Date,
): Identified {
  const refuse = (message: string): Identified => ({
    ok: false,
    code: 'InvalidAuthenticationToken',
    message,
  });
  const [headPart = '', claimsPart = '', signature = '', ...rest] = token.split('.');
  const head = parsePart(headPart);
  const claims = parsePart(claimsPart);
  if (!head || !claims || rest.length > 0) return refuse('The access token is invalid.');
  const account = accounts.find((each) => each.clientId === claims.appid && each.tenantId === claims.tid);
  const signed = Buffer.from(`${headPart}.${claimsPart}`);
  if (
    !account ||
    head.alg !== 'RS256' ||
    head.kid !== account.keyId ||
    !verify('sha256', signed, createPublicKey(account.publicKey), Buffer.from(signature, 'base64url'))
  )
    return refuse('The access token validation failure.');
  if (![...MANAGEMENT, ownUrl].includes(String(claims.aud)))
    return refuse(`The access token has been obtained for wrong audience or resource '${claims.aud}'.`);
  if (typeof claims.exp !== 'number' || claims.exp * 1000 <= now.getTime())
    return {
      ok: false,
      code: 'ExpiredAuthenticationToken',
      message: `The access token expiry UTC time is earlier than current UTC time '${now.toUTCString()}'.`,
    };
  return { ok: true, account };
}
