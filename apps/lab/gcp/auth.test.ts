/** Tokens: who gets one, what it opens, and what a caller without one may do. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fixture, startGcp } from './fixture.ts';
import { assertionOf, exchange } from './fixture-token.ts';

let gcp: Fixture;
let key: Record<string, string>;
let networks: string;
beforeAll(async () => {
  gcp = await startGcp();
  key = gcp.keys[0] ?? {};
  networks = `${gcp.url}/compute/v1/projects/${gcp.projectId}/global/networks`;
});
afterAll(() => gcp.stop());

const ask = async (authorization: string | null, method = 'GET', url = networks) => {
  const response = await fetch(url, {
    method,
    headers: authorization === null ? {} : { authorization },
    ...(method === 'POST' ? { body: '{}' } : {}),
  });
  const { error } = (await response.json()) as { error?: { errors: { reason: string }[]; status?: string } };
  return [response.status, error?.errors[0]?.reason, error?.status];
};

describe('the token endpoint', () => {
  test('the key file is Google’s', () => {
    expect(Object.keys(key).sort()).toEqual([
      'auth_uri',
      'client_email',
      'client_id',
      'private_key',
      'private_key_id',
      'project_id',
      'token_uri',
      'type',
      'universe_domain',
    ]);
    expect(key.token_uri).toBe(`${gcp.url}/token`);
  });

  test('a good assertion is exchanged', async () => {
    const { status, json } = await exchange(key, assertionOf(key));
    expect({ status, json }).toMatchObject({ status: 200, json: { token_type: 'Bearer', expires_in: 3599 } });
    expect(await ask(`Bearer ${json.access_token}`)).toEqual([200, undefined, undefined]);
  });

  const now = Math.floor(Date.now() / 1000);
  test.each([
    ['too old', { iat: now - 7200, exp: now - 3600 }, {}, 'invalid_grant'],
    ['living too long', { iat: now, exp: now + 86_400 }, {}, 'invalid_grant'],
    ['for somebody else', { aud: 'https://example.com/token' }, {}, 'invalid_grant'],
    ['by nobody known', { iss: 'nobody@example.com' }, {}, 'invalid_grant'],
    ['without a scope', { scope: '' }, {}, 'invalid_scope'],
    ['with another key id', {}, { kid: '00' }, 'invalid_grant'],
    ['unsigned by its own word', {}, { alg: 'none' }, 'invalid_grant'],
  ])('an assertion %s is not', async (_, claims, header, error) => {
    expect(await exchange(key, assertionOf(key, claims, header))).toMatchObject({
      status: 400,
      json: { error },
    });
  });

  test('an assertion signed with another key is not', async () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const forged = assertionOf({ ...key, private_key: privateKey });
    expect(await exchange(key, forged)).toMatchObject({
      status: 400,
      json: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' },
    });
  });

  test('another grant type is refused', async () => {
    const response = await fetch(key.token_uri ?? '', {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'password' }),
    });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: 'unsupported_grant_type' },
    ]);
  });
});

describe('a call', () => {
  test('with a wrong or a changed token: 401', async () => {
    expect(await ask('Bearer nonsense')).toEqual([401, 'authError', 'UNAUTHENTICATED']);
    const [head, payload = '', seal] = (await gcp.token()).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const longer = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 60 })).toString('base64url');
    expect(await ask(`Bearer ${[head, longer, seal].join('.')}`)).toEqual([
      401,
      'authError',
      'UNAUTHENTICATED',
    ]);
    expect(await ask(`Basic ${payload}`)).toEqual([401, 'authError', 'UNAUTHENTICATED']);
  });

  test('without a token looks but does not touch', async () => {
    expect(await ask(null)).toEqual([200, undefined, undefined]);
    expect(await ask(null, 'POST')).toEqual([401, 'required', 'UNAUTHENTICATED']);
  });

  test('with a token signed by the caller itself', async () => {
    const scope = 'https://www.googleapis.com/auth/cloud-platform';
    expect(await ask(`Bearer ${assertionOf(key, { scope, aud: undefined })}`)).toEqual([
      200,
      undefined,
      undefined,
    ]);
    const old = Math.floor(Date.now() / 1000) - 7200;
    expect(await ask(`Bearer ${assertionOf(key, { scope, iat: old, exp: old + 3600 })}`)).toEqual([
      401,
      'authError',
      'UNAUTHENTICATED',
    ]);
  });

  test('with too small a scope: 403', async () => {
    const scope = 'https://www.googleapis.com/auth/compute.readonly';
    const { json } = await exchange(key, assertionOf(key, { scope }));
    expect(await ask(`Bearer ${json.access_token}`)).toEqual([200, undefined, undefined]);
    expect(await ask(`Bearer ${json.access_token}`, 'POST')).toEqual([
      403,
      'insufficientPermissions',
      'PERMISSION_DENIED',
    ]);
  });

  test('in another’s project, or one that is not there: 403', async () => {
    const theirs = `Bearer ${await gcp.token(1)}`;
    expect(await ask(theirs)).toEqual([403, 'forbidden', undefined]);
    expect(await ask(theirs, 'GET', networks.replace(gcp.projectId, 'nowhere'))).toEqual([
      403,
      'forbidden',
      undefined,
    ]);
  });
});

test('who am I, and may I', async () => {
  const token = await gcp.token();
  const info = await (await fetch(`${gcp.url}/tokeninfo?access_token=${token}`)).json();
  expect(info).toMatchObject({
    email: key.client_email,
    scope: 'https://www.googleapis.com/auth/cloud-platform',
  });
  const user = await fetch(`${gcp.url}/oauth2/v3/userinfo`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(await user.json()).toMatchObject({ sub: key.client_id, email: key.client_email });
  for (const version of ['v1', 'v3']) {
    const path = `/${version}/projects/${gcp.projectId}:testIamPermissions`;
    const permissions = ['compute.networks.create', 'dns.changes.create', 'compute.subnetworks.use'];
    expect(await gcp.call('POST', path, { permissions })).toEqual({ status: 200, json: { permissions } });
    expect((await gcp.call('POST', path, { permissions: ['compute.networks.juggle'] })).status).toBe(400);
    expect((await gcp.call('POST', path.replace(gcp.projectId, 'other-lab'), { permissions })).status).toBe(
      403,
    );
  }
  expect((await gcp.call('GET', `/v3/projects/${gcp.projectId}`)).json).toMatchObject({
    projectId: gcp.projectId,
    state: 'ACTIVE',
  });
});
