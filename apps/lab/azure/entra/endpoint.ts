/** Microsoft Entra's token endpoint, with the documents that its clients read first. */
import { createPublicKey, timingSafeEqual } from 'node:crypto';
import type { Hono } from 'hono';
import type { Lab } from '../../store/lab.ts';
import type { AzureAccount } from './account.ts';
import { checkAssertion } from './assertion.ts';
import { audienceOf, makeToken, TOKEN_SECONDS } from './token.ts';
import { openEntraState } from './trust-state.ts';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

type Refusal = { status: 400 | 401; error: string; code: string; message: string };

/** Serves `/{tenant}/oauth2/v2.0/token`, the OpenID configuration, the tenant's keys and instance discovery. */
export function serveEntra(app: Hono, lab: Lab): void {
  app.post('/:tenant/oauth2/v2.0/token', async (c) => {
    const form = new URLSearchParams(await c.req.text());
    const granted = grant(lab, c.req.param('tenant'), form);
    lab.requests.record({
      cloud: 'azure',
      service: 'entra',
      action: 'token',
      region: 'global',
      account: 'account' in granted ? granted.account.subscriptionId : null,
      status: 'account' in granted ? 200 : granted.status,
      error: 'account' in granted ? null : granted.code,
      mutating: false,
    });
    if (!('account' in granted)) return c.json(problem(granted, lab.now()), granted.status);
    return c.json({
      token_type: 'Bearer',
      expires_in: TOKEN_SECONDS,
      ext_expires_in: TOKEN_SECONDS,
      access_token: makeToken(granted.account, granted.audience, lab.urls.azure, lab.now()),
    });
  });

  for (const path of [
    '/:tenant/v2.0/.well-known/openid-configuration',
    '/:tenant/.well-known/openid-configuration',
  ])
    app.get(path, (c) => {
      const tenant = c.req.param('tenant') ?? '';
      const account = lab.accounts.azure.find((each) => each.tenantId === tenant);
      if (!account) return c.json(problem(unknownTenant(tenant), lab.now()), 400);
      const base = `${lab.urls.azure}/${tenant}`;
      return c.json({
        issuer: `${base}/v2.0`,
        authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
        token_endpoint: `${base}/oauth2/v2.0/token`,
        end_session_endpoint: `${base}/oauth2/v2.0/logout`,
        jwks_uri: `${base}/discovery/v2.0/keys`,
        token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
        response_types_supported: ['code'],
        subject_types_supported: ['pairwise'],
        id_token_signing_alg_values_supported: ['RS256'],
        tenant_region_scope: 'NA',
        cloud_instance_name: new URL(lab.urls.azure).host,
      });
    });

  app.get('/:tenant/discovery/v2.0/keys', (c) => {
    const account = lab.accounts.azure.find((each) => each.tenantId === c.req.param('tenant'));
    if (!account) return c.json(problem(unknownTenant(c.req.param('tenant')), lab.now()), 400);
    const key = createPublicKey(account.publicKey).export({ format: 'jwk' });
    return c.json({ keys: [{ ...key, use: 'sig', kid: account.keyId }] });
  });

  app.get('/common/discovery/instance', (c) => {
    const { host } = new URL(lab.urls.azure);
    return c.json({
      tenant_discovery_endpoint: `${lab.urls.azure}/common/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    });
  });
}

function grant(
  lab: Lab,
  tenant: string,
  form: URLSearchParams,
): { account: AzureAccount; audience: string } | Refusal {
  const inTenant = lab.accounts.azure.filter((each) => each.tenantId === tenant);
  if (inTenant.length === 0) return unknownTenant(tenant);
  if (form.get('grant_type') !== 'client_credentials')
    return {
      status: 400,
      error: 'unsupported_grant_type',
      code: 'AADSTS70003',
      message: `The app requested an unsupported grant type '${form.get('grant_type') ?? ''}'.`,
    };
  const clientId = form.get('client_id') ?? '';
  const account = inTenant.find((each) => each.clientId === clientId);
  if (!account)
    return {
      status: 400,
      error: 'unauthorized_client',
      code: 'AADSTS700016',
      message: `Application with identifier '${clientId}' was not found in the directory '${tenant}'.`,
    };
  const refused = checkClient(lab, account, form);
  if (refused) return refused;
  const audience = audienceOf(form.get('scope') ?? '', lab.urls.azure);
  if (audience === undefined)
    return {
      status: 400,
      error: 'invalid_scope',
      code: 'AADSTS1002012',
      message: `The provided value for scope ${form.get('scope') ?? ''} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.`,
    };
  return { account, audience };
}

function checkClient(lab: Lab, account: AzureAccount, form: URLSearchParams): Refusal | undefined {
  const invalid = (code: string, message: string): Refusal => ({
    status: 401,
    error: 'invalid_client',
    code,
    message,
  });
  const assertion = form.get('client_assertion');
  if (assertion !== null) {
    if (form.get('client_assertion_type') !== ASSERTION_TYPE)
      return invalid('AADSTS900144', "The request body must contain the parameter 'client_assertion_type'.");
    const federation = openEntraState(lab.store).read().federations[account.subscriptionId];
    if (!federation)
      return invalid(
        'AADSTS70025',
        `The client '${account.clientId}' has no configured federated identity credentials.`,
      );
    const checked = checkAssertion(assertion, federation, lab.now());
    return checked.ok ? undefined : invalid(checked.code, checked.message);
  }
  const secret = form.get('client_secret');
  if (!secret)
    return invalid(
      'AADSTS7000218',
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    );
  const [given, expected] = [Buffer.from(secret), Buffer.from(account.clientSecret)];
  if (given.length === expected.length && timingSafeEqual(given, expected)) return undefined;
  return invalid(
    'AADSTS7000215',
    `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${account.clientId}'.`,
  );
}

const unknownTenant = (tenant: string): Refusal => ({
  status: 400,
  error: 'invalid_request',
  code: 'AADSTS90002',
  message: `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
});

function problem(refusal: Refusal, now: Date): Record<string, unknown> {
  return {
    error: refusal.error,
    error_description: `${refusal.code}: ${refusal.message}`,
    error_codes: [Number(refusal.code.slice('AADSTS'.length))],
    timestamp: now.toISOString().replace('T', ' ').replace(/\.\d+/, ''),
    error_uri: `https://login.microsoftonline.com/error?code=${refusal.code.slice('AADSTS'.length)}`,
  };
}
