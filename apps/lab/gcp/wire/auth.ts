/**
 * Who is calling: access tokens, given for an assertion signed with a service account's key, and the
 * self-signed tokens that Google's own client libraries send in their place.
 */
import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import type { GcpAccount } from '../../store/accounts.ts';
import { GoogleError } from './errors.ts';

const TOKEN_SECONDS = 3599;
const SKEW_SECONDS = 300;
/** The libraries' built-in token address; they name it in the assertion even when sent elsewhere. */
const GOOGLE_TOKEN_URL = 'https://oauth2.googleapis.com/token';

export interface Identity {
  account: GcpAccount;
  /** Full scope URLs; `null` for a self-signed token bound to one service's address instead. */
  scopes: string[] | null;
  /** Seconds since the epoch. */
  expiresAt: number;
}

export type Granted =
  | { ok: true; token: string; expiresInSeconds: number; projectId: string }
  | {
      ok: false;
      error: 'invalid_grant' | 'invalid_scope' | 'unsupported_grant_type' | 'invalid_request';
      description: string;
    };

/** Exchanges a JWT bearer assertion (RFC 7523) for an access token. `tokenUrl` is this endpoint's own address. */
export function grant(
  form: URLSearchParams,
  accounts: readonly GcpAccount[],
  tokenUrl: string,
  now: Date,
): Granted {
  const refuse = (error: Extract<Granted, { ok: false }>['error'], description: string): Granted => ({
    ok: false,
    error,
    description,
  });
  if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer')
    return refuse('unsupported_grant_type', `Invalid grant_type: ${form.get('grant_type') ?? ''}`);
  const assertion = form.get('assertion');
  if (!assertion) return refuse('invalid_request', 'Missing required parameter: assertion');
  const checked = checkJwt(assertion, accounts, now);
  if (!checked.ok) return refuse('invalid_grant', checked.why);
  if (checked.claims.aud !== tokenUrl && checked.claims.aud !== GOOGLE_TOKEN_URL)
    return refuse(
      'invalid_grant',
      'Invalid JWT: Failed audience check. The right audience is the token endpoint.',
    );
  if (!checked.claims.scope)
    return refuse('invalid_scope', 'Invalid OAuth scope or ID token audience provided.');
  const expiresAt = Math.floor(now.getTime() / 1000) + TOKEN_SECONDS;
  return {
    ok: true,
    token: issueToken(checked.account, checked.claims.scope, expiresAt),
    expiresInSeconds: TOKEN_SECONDS,
    projectId: checked.account.projectId,
  };
}

/** An access token of a service account. @param scope full scope URLs, with spaces between; @param expiresAt seconds since the epoch */
export function issueToken(account: GcpAccount, scope: string, expiresAt: number): string {
  const claims = { email: account.clientEmail, scope, exp: expiresAt };
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `ya29.${payload}.${seal(payload, account)}`;
}

/** Who a bearer token belongs to, or undefined when it is not (or no longer) good. */
export function identify(token: string, accounts: readonly GcpAccount[], now: Date): Identity | undefined {
  if (!token.startsWith('ya29.')) {
    const checked = checkJwt(token, accounts, now);
    if (!checked.ok) return undefined;
    const { scope, exp } = checked.claims;
    return { account: checked.account, scopes: scope ? scope.split(' ') : null, expiresAt: exp };
  }
  const [, payload = '', sent = ''] = token.split('.');
  const claims = parsePart(payload) as { email?: string; scope?: string; exp?: number } | undefined;
  const account = accounts.find((each) => each.clientEmail === claims?.email);
  if (!account || typeof claims?.exp !== 'number' || claims.exp * 1000 <= now.getTime()) return undefined;
  const expected = Buffer.from(seal(payload, account));
  const given = Buffer.from(sent);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  return { account, scopes: (claims.scope ?? '').split(' '), expiresAt: claims.exp };
}

// Tokens need no memory: they hold what they say, sealed with a secret that already survives restarts.
const seal = (payload: string, account: GcpAccount) =>
  createHmac('sha256', account.privateKey).update(payload).digest('base64url');

interface Claims {
  iss: string;
  aud?: string;
  scope?: string;
  iat: number;
  exp: number;
}

function checkJwt(
  jwt: string,
  accounts: readonly GcpAccount[],
  now: Date,
): { ok: true; account: GcpAccount; claims: Claims } | { ok: false; why: string } {
  const [headerPart = '', claimsPart = '', signature = '', ...rest] = jwt.split('.');
  const header = parsePart(headerPart) as { alg?: string; kid?: string } | undefined;
  const claims = parsePart(claimsPart) as Claims | undefined;
  if (!header || !claims || rest.length > 0) return { ok: false, why: 'Bad Request' };
  const account = accounts.find((each) => each.clientEmail === claims.iss);
  if (!account) return { ok: false, why: 'Invalid grant: account not found' };
  if (header.alg !== 'RS256' || (header.kid !== undefined && header.kid !== account.privateKeyId))
    return { ok: false, why: 'Invalid JWT Signature.' };
  const signed = Buffer.from(`${headerPart}.${claimsPart}`);
  if (!verify('sha256', signed, createPublicKey(account.publicKey), Buffer.from(signature, 'base64url')))
    return { ok: false, why: 'Invalid JWT Signature.' };
  const seconds = now.getTime() / 1000;
  const { iat, exp } = claims;
  const timely =
    Number.isFinite(iat) &&
    Number.isFinite(exp) &&
    iat <= seconds + SKEW_SECONDS &&
    exp > seconds &&
    exp - iat <= 3600 + SKEW_SECONDS;
  if (!timely)
    return {
      ok: false,
      why: 'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
    };
  return { ok: true, account, claims };
}

function parsePart(part: string): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

const SCOPE = 'https://www.googleapis.com/auth/';
const ENOUGH: Record<string, { read: string[]; write: string[] }> = {
  compute: { read: ['compute', 'compute.readonly', 'cloud-platform.read-only'], write: ['compute'] },
  dns: {
    read: ['ndev.clouddns.readwrite', 'ndev.clouddns.readonly', 'cloud-platform.read-only'],
    write: ['ndev.clouddns.readwrite'],
  },
  cloudresourcemanager: {
    read: ['cloudplatformprojects', 'cloud-platform.read-only'],
    write: ['cloudplatformprojects'],
  },
};

/** Whether a token's scopes suffice for a service. */
export function hasScope(identity: Identity, service: string, changes: boolean): boolean {
  if (identity.scopes === null) return true;
  const enough = ENOUGH[service]?.[changes ? 'write' : 'read'] ?? [];
  return ['cloud-platform', ...enough].some((name) => identity.scopes?.includes(SCOPE + name));
}

const EXPECTED =
  'Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.';
const AT = { location: { location: 'Authorization', locationType: 'header' }, front: true };
export const missingCredentials = () =>
  new GoogleError(401, 'required', `Request is missing required authentication credential. ${EXPECTED}`, AT);
export const invalidCredentials = () =>
  new GoogleError(401, 'authError', `Request had invalid authentication credentials. ${EXPECTED}`, AT);
export const scopeMissing = () =>
  new GoogleError(403, 'insufficientPermissions', 'Request had insufficient authentication scopes.', {
    front: true,
  });
