/**
 * Workload identity federation: Security Token Service exchanges an issuer's token for one of Google's, and IAM
 * Credentials lets that become a service account.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Hono } from 'hono';
import type { Lab } from '../../store/lab.ts';
import { verifyToken } from '../../store/oidc.ts';
import type { Section } from '../../store/store.ts';
import { issueToken } from '../wire/auth.ts';
import { GoogleError } from '../wire/errors.ts';
import { type GcpAccess, type PoolProvider, serviceAccountsOf } from './state.ts';

const TOKEN_SECONDS = 3600;
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const SUBJECT_TYPES = ['urn:ietf:params:oauth:token-type:jwt', 'urn:ietf:params:oauth:token-type:id_token'];

type Exchanged =
  | { ok: true; token: string; projectId: string }
  | {
      ok: false;
      error: 'invalid_request' | 'invalid_target' | 'invalid_grant' | 'unauthorized_client';
      why: string;
    };

export function serveFederation(app: Hono, lab: Lab, section: Section<GcpAccess>): void {
  const record = (
    service: string,
    action: string,
    status: number,
    projectId: string | null,
    error: string | null,
  ) =>
    lab.requests.record({
      cloud: 'gcp',
      service,
      action,
      region: 'global',
      account: projectId,
      status,
      error,
      mutating: false,
    });

  app.post('/v1/token', async (context) => {
    const text = await context.req.text();
    const json = context.req.header('content-type')?.includes('json') ?? false;
    const result = exchange(json ? fromJson(text) : new URLSearchParams(text), section.read(), lab.now());
    if (!result.ok) {
      record('sts', 'token', 400, null, result.error);
      return context.json({ error: result.error, error_description: result.why }, 400);
    }
    record('sts', 'token', 200, result.projectId, null);
    return context.json({
      access_token: result.token,
      issued_token_type: ACCESS_TOKEN,
      token_type: 'Bearer',
      expires_in: TOKEN_SECONDS,
    });
  });

  app.post('/v1/projects/-/serviceAccounts/:target{[^/:]+:generateAccessToken}', async (context) => {
    const email = context.req.param('target').split(':')[0] ?? '';
    const input = fromJson(await context.req.text());
    try {
      const answer = impersonate(lab, section.read(), {
        bearer: /^Bearer (\S+)$/i.exec(context.req.header('authorization') ?? '')?.[1] ?? '',
        email,
        scopes: input.getAll('scope'),
        lifetime: input.get('lifetime') ?? `${TOKEN_SECONDS}s`,
      });
      record('iamcredentials', 'projects.serviceAccounts.generateAccessToken', 200, answer.projectId, null);
      return context.json({ accessToken: answer.token, expireTime: answer.expireTime });
    } catch (error) {
      if (!(error instanceof GoogleError)) throw error;
      record(
        'iamcredentials',
        'projects.serviceAccounts.generateAccessToken',
        error.code,
        null,
        error.reason,
      );
      return context.json(error.toJSON(), error.code as 400);
    }
  });
}

/** Form or JSON: both end as names with values. */
function fromJson(text: string): URLSearchParams {
  const params = new URLSearchParams();
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    for (const [name, each] of Object.entries(value))
      for (const one of [each].flat()) params.append(camel(name), String(one));
  } catch {
    // Nothing is named, and that is refused.
  }
  return params;
}
/** Google takes both spellings of a field in JSON. */
const camel = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function exchange(form: URLSearchParams, access: GcpAccess, now: Date): Exchanged {
  const refuse = (error: Extract<Exchanged, { ok: false }>['error'], why: string): Exchanged => ({
    ok: false,
    error,
    why,
  });
  if (form.get('grant_type') !== EXCHANGE)
    return refuse('invalid_request', `Invalid grant_type; it must be ${EXCHANGE}.`);
  if ((form.get('requested_token_type') ?? ACCESS_TOKEN) !== ACCESS_TOKEN)
    return refuse('invalid_request', 'Invalid requested_token_type.');
  if (!SUBJECT_TYPES.includes(form.get('subject_token_type') ?? ''))
    return refuse('invalid_request', 'Invalid subject_token_type.');
  const audience = form.get('audience') ?? '';
  const name = audience.replace(/^\/\/iam\.googleapis\.com\//, '');
  const pool = Object.hasOwn(access.pools, name) ? access.pools[name] : undefined;
  if (!pool || !audience.startsWith('//iam.googleapis.com/'))
    return refuse(
      'invalid_target',
      `The target service indicated by the "audience" parameters is invalid: ${audience}`,
    );
  const verdict = verifyToken(form.get('subject_token') ?? '', pool.jwks, now);
  if (!verdict.ok) return refuse('invalid_grant', WHY[verdict.why]);
  const { claims } = verdict;
  if (claims.iss !== pool.issuer)
    return refuse(
      'invalid_grant',
      `The issuer in ID Token ${String(claims.iss)} does not match the expected ones: ${pool.issuer}`,
    );
  const audiences = pool.audiences.length > 0 ? pool.audiences : [`https:${audience}`, audience];
  if (![claims.aud].flat().some((each) => audiences.includes(String(each))))
    return refuse(
      'invalid_grant',
      `The audience in ID Token [${String(claims.aud)}] does not match the expected audience.`,
    );
  if (typeof claims.sub !== 'string') return refuse('invalid_grant', 'The ID Token has no subject.');
  if (pool.subject !== null && claims.sub !== pool.subject)
    return refuse('unauthorized_client', 'The given credential is rejected by the attribute condition.');
  const expiresAt = Math.floor(now.getTime() / 1000) + TOKEN_SECONDS;
  const payload = Buffer.from(JSON.stringify({ pool: name, sub: claims.sub, exp: expiresAt })).toString(
    'base64url',
  );
  return { ok: true, token: `ya29.d.${payload}.${seal(payload, pool)}`, projectId: pool.projectId };
}

const WHY = {
  malformed: 'Error parsing the ID Token.',
  algorithm: 'The ID Token is signed by an algorithm that is not supported; use RS256.',
  'unknown-key': 'Error connecting to the given credential’s issuer: its keys hold none with the token’s id.',
  signature: 'The signature of the ID Token is invalid.',
  expired: 'The ID Token is expired.',
  'not-yet': 'The ID Token is used too early.',
} as const;

/** Federated tokens hold what they say, sealed with what only this pool's provider has in the lab. */
const seal = (payload: string, pool: PoolProvider) =>
  createHmac('sha256', JSON.stringify([pool.issuer, pool.jwks]))
    .update(payload)
    .digest('base64url');

function impersonate(
  lab: Lab,
  access: GcpAccess,
  asked: { bearer: string; email: string; scopes: string[]; lifetime: string },
): { token: string; expireTime: string; projectId: string } {
  const now = lab.now();
  const held = federatedOf(asked.bearer, access, now);
  if (!held)
    throw new GoogleError(401, 'authError', 'Request had invalid authentication credentials.', {
      front: true,
    });
  const account = serviceAccountsOf(lab, access).find((each) => each.clientEmail === asked.email);
  // Whether it does not exist or may not be become is not told.
  if (!account || !held.pool.serviceAccounts.includes(asked.email))
    throw new GoogleError(
      403,
      'forbidden',
      "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
      { front: true },
    );
  const seconds = Number(/^(\d{1,5})s$/.exec(asked.lifetime)?.[1] ?? Number.NaN);
  if (!(seconds > 0 && seconds <= TOKEN_SECONDS))
    throw new GoogleError(
      400,
      'badRequest',
      `Invalid lifetime ${asked.lifetime}: at most ${TOKEN_SECONDS}s.`,
      { front: true },
    );
  if (asked.scopes.length === 0)
    throw new GoogleError(400, 'badRequest', 'Invalid value at scope: at least one is needed.', {
      front: true,
    });
  const expiresAt = Math.floor(now.getTime() / 1000) + seconds;
  return {
    token: issueToken(account, asked.scopes.join(' '), expiresAt),
    expireTime: new Date(expiresAt * 1000).toISOString(),
    projectId: account.projectId,
  };
}

function federatedOf(token: string, access: GcpAccess, now: Date): { pool: PoolProvider } | undefined {
  const [kind, form, payload = '', sent = ''] = token.split('.');
  if (kind !== 'ya29' || form !== 'd') return undefined;
  let claims: { pool?: string; exp?: number };
  try {
    claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  } catch {
    return undefined;
  }
  const pool =
    claims.pool !== undefined && Object.hasOwn(access.pools, claims.pool)
      ? access.pools[claims.pool]
      : undefined;
  if (!pool || typeof claims.exp !== 'number' || claims.exp * 1000 <= now.getTime()) return undefined;
  const [expected, given] = [Buffer.from(seal(payload, pool)), Buffer.from(sent)];
  return expected.length === given.length && timingSafeEqual(expected, given) ? { pool } : undefined;
}
