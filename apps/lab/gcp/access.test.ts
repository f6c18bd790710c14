/** Roles, federation, quotas and who did what, in the lab's Google Cloud, by Google's official libraries. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { GlobalOperationsClient, NetworksClient, RegionsClient } from '@google-cloud/compute';
import { type AuthClient, IdentityPoolClient, JWT } from 'google-auth-library';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../aws/eventually.ts';
import { type LabFixture, openFixture } from '../aws/fixture.ts';
import { fetchToken } from './fixture-token.ts';

const project = 'skein-lab';
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const closers: (() => Promise<void>)[] = [];
let fixture: LabFixture;
beforeAll(async () => {
  fixture = await openFixture();
});
afterEach(() => fixture.lab.faults.clear());
afterAll(async () => {
  await Promise.all(closers.map((each) => each()));
  await fixture.close();
});

function clientsOf(authClient: AuthClient) {
  const { port } = new URL(fixture.lab.gcpUrl);
  const options = { apiEndpoint: '127.0.0.1', port: Number(port), protocol: 'http', authClient } as never;
  const clients = {
    networks: new NetworksClient(options),
    regions: new RegionsClient(options),
    operations: new GlobalOperationsClient(options),
  };
  closers.push(...Object.values(clients).map((each) => () => each.close()));
  return clients;
}
function byKey(key: Record<string, string>): JWT {
  const token = new JWT({ email: key.client_email ?? '', key: key.private_key ?? '', scopes: [SCOPE] });
  token.useJWTAccessWithScope = true;
  return token;
}
const owner = () => clientsOf(byKey(fixture.lab.accounts.gcp));
const limited = () => clientsOf(byKey(fixture.lab.limited.gcp));
const allow = (...includedPermissions: string[]) =>
  fixture.lab.control('PUT', '/accounts/gcp/limited/policy', {
    title: 'Limited',
    stage: 'GA',
    includedPermissions,
  });
const network = (name: string) => ({
  project,
  networkResource: { name, autoCreateSubnetworks: false },
});
/** gRPC's code and the words of the refusal that a call must meet. */
const refusal = async (call: Promise<unknown>) => {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('the call was not refused');
  return { code: (error as { code?: unknown }).code, message: error.message };
};
const FORBIDDEN = 7;

describe('a service account', () => {
  test('may do what its role includes, and is told which permission is missing', async () => {
    const { networks } = limited();
    await allow();
    expect(await refusal(networks.list({ project }))).toEqual({
      code: FORBIDDEN,
      message: "Required 'compute.networks.list' permission for 'projects/skein-lab/global/networks'",
    });
    await allow('compute.networks.list', 'compute.networks.create');
    await networks.list({ project });
    await networks.insert(network('by-role'));
    expect((await refusal(networks.delete({ project, network: 'by-role' }))).message).toMatch(
      /compute\.networks\.delete/,
    );
  });

  test('needs what a call touches besides, too', async () => {
    const insert = async () => {
      const token = await fetchToken(fixture.lab.limited.gcp);
      const answer = await fetch(
        `${fixture.lab.gcpUrl}/compute/v1/projects/${project}/regions/us-central1/subnetworks`,
        {
          method: 'POST',
          headers: { authorization: `Bearer ${token}` },
          body: JSON.stringify({
            name: 's',
            network: 'global/networks/by-role',
            ipCidrRange: '10.64.0.0/20',
          }),
        },
      );
      return [answer.status, JSON.stringify(await answer.json())];
    };
    await allow('compute.subnetworks.create');
    expect(await insert()).toEqual([403, expect.stringContaining('compute.networks.updatePolicy')]);
    await allow('compute.subnetworks.create', 'compute.networks.updatePolicy');
    // The network of the test before may still be in the making.
    await eventually(async () => (await insert())[0]).toBe(200);
  });

  test('is told by testIamPermissions what it has, with what a fault took from everybody', async () => {
    const ask = async (key: Record<string, string>) => {
      const answer = await byKey(key).request<{ permissions?: string[] }>({
        url: `${fixture.lab.gcpUrl}/v1/projects/${project}:testIamPermissions`,
        method: 'POST',
        data: { permissions: ['compute.networks.create', 'compute.networks.delete', 'dns.changes.create'] },
      });
      return answer.data.permissions ?? [];
    };
    await allow('compute.networks.delete', 'dns.changes.create');
    expect(await ask(fixture.lab.limited.gcp)).toEqual(['compute.networks.delete', 'dns.changes.create']);
    expect(await ask(fixture.lab.accounts.gcp)).toHaveLength(3);
    fixture.lab.faults.set([{ fault: { kind: 'deny', permissions: ['compute.*'] } }]);
    const left = await ask(fixture.lab.accounts.gcp);
    expect(fixture.lab.faults.bitten().kinds).toEqual({ deny: 1 });
    expect(left).toEqual(['dns.changes.create']);
    expect((await refusal(owner().networks.list({ project }))).code).toBe(FORBIDDEN);
  });
});

describe('workload identity federation', () => {
  const issuer = 'https://skein.example';
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' };
  const subject = 'organization:org_1';
  let provider: string;
  beforeAll(async () => {
    const { body } = await fixture.lab.control('PUT', `/accounts/gcp/${project}/pool`, {
      pool: 'skein',
      provider: 'skein',
      issuer,
      jwks: { keys: [jwk] },
      subject,
      serviceAccounts: [fixture.lab.limited.gcp.client_email],
    });
    provider = (body as { name: string }).name;
    await allow('compute.networks.list');
  });

  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  function tokenOf(more: Record<string, unknown> = {}, by: KeyObject = pair.privateKey, kid = 'one'): string {
    const iat = Math.floor(Date.now() / 1000);
    const aud = `https://iam.googleapis.com/${provider}`;
    const text = `${part({ alg: 'RS256', typ: 'JWT', kid })}.${part({ iss: issuer, sub: subject, aud, iat, exp: iat + 300, ...more })}`;
    return `${text}.${sign('sha256', Buffer.from(text), by).toString('base64url')}`;
  }
  const become = (token: string, email = fixture.lab.limited.gcp.client_email, audience = provider) =>
    new IdentityPoolClient({
      type: 'external_account',
      audience: `//iam.googleapis.com/${audience}`,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      subject_token_supplier: { getSubjectToken: async () => token },
      token_url: `${fixture.lab.gcpUrl}/v1/token`,
      service_account_impersonation_url: `${fixture.lab.gcpUrl}/v1/projects/-/serviceAccounts/${email}:generateAccessToken`,
      scopes: [SCOPE],
    });

  test('a token of the trusted issuer becomes a service account, and works as that', async () => {
    const { networks } = clientsOf(become(tokenOf()));
    await networks.list({ project });
    expect((await refusal(networks.insert(network('federated')))).message).toMatch(
      /compute\.networks\.create/,
    );
  });

  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const past = Math.floor(Date.now() / 1000) - 3600;
  test.each<[string, () => IdentityPoolClient, RegExp]>([
    ['of another issuer', () => become(tokenOf({ iss: 'https://other.example' })), /issuer/],
    ['for another audience', () => become(tokenOf({ aud: 'https://other.example' })), /audience/],
    ['of another subject', () => become(tokenOf({ sub: 'organization:org_2' })), /attribute condition/],
    ['that is over', () => become(tokenOf({ iat: past, exp: past + 300 })), /expired/],
    ['signed by another key', () => become(tokenOf({}, other)), /signature/],
    ['of an unknown key', () => become(tokenOf({}, other, 'two')), /keys hold none/],
    ['for an unknown pool', () => become(tokenOf(), undefined, `${provider}x`), /audience/],
    ['that is no token', () => become('a.b'), /parsing/],
    [
      'for a service account of others',
      () => become(tokenOf(), 'skein@skein-lab.iam.gserviceaccount.com'),
      /getAccessToken/,
    ],
  ])('a token %s does not', async (_, client, why) => {
    await expect(client().getAccessToken()).rejects.toThrow(why);
  });

  test('what the exchange gives opens no API by itself', async () => {
    const client = become(tokenOf());
    const answer = await fetch(`${fixture.lab.gcpUrl}/v1/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        subject_token: tokenOf(),
        audience: `//iam.googleapis.com/${provider}`,
        scope: SCOPE,
      }),
    });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    const networks = `${fixture.lab.gcpUrl}/compute/v1/projects/${project}/global/networks`;
    expect((await fetch(networks, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
    const { token: whole } = await client.getAccessToken();
    expect((await fetch(networks, { headers: { authorization: `Bearer ${whole}` } })).status).toBe(200);
  });
});

describe('quotas', () => {
  test('are told with what is used, of the project and of a region', async () => {
    const { regions } = owner();
    const [region] = await regions.get({ project, region: 'us-central1' });
    expect(region.quotas?.map((each) => [each.metric, each.limit, each.usage])).toEqual([
      ['STATIC_ADDRESSES', 50, 0],
      ['INSTANCES', 200, 0],
      ['CPUS', 500, 0],
    ]);
  });

  test.each<[string, () => Promise<unknown>]>([
    [
      'a limit that is set',
      () => fixture.lab.control('PUT', `/accounts/gcp/${project}/quotas`, { NETWORKS: 0 }),
    ],
    ['a fault', async () => fixture.lab.faults.set([{ fault: { kind: 'quota', name: 'NETWORKS' } }])],
  ])('%s is enforced by the operation', async (how, lower) => {
    await lower();
    const { networks, operations } = owner();
    const [started] = await networks.insert(network(`over-${how.length}`));
    const { name } = (started as { latestResponse: { name: string } }).latestResponse;
    const [ended] = await operations.wait({ project, operation: name });
    if (how === 'a fault') expect(fixture.lab.faults.bitten().kinds).toEqual({ quota: 1 });
    expect(ended.error?.errors).toMatchObject([
      { code: 'QUOTA_EXCEEDED', message: "Quota 'NETWORKS' exceeded.  Limit: 0.0 globally." },
    ]);
    await fixture.lab.control('PUT', `/accounts/gcp/${project}/quotas`, {});
  });
});

test('operations name who changed what', async () => {
  await allow('compute.networks.create', 'compute.networks.delete', 'compute.globalOperations.list');
  const [made] = await owner().networks.insert(network('touched'));
  const { name } = (made as { latestResponse: { name: string } }).latestResponse;
  await owner().operations.wait({ project, operation: name });
  await limited().networks.delete({ project, network: 'touched' });
  const link = `https://www.googleapis.com/compute/v1/projects/${project}/global/networks/touched`;
  const [operations] = await owner().operations.list({ project, filter: `targetLink = "${link}"` });
  expect(operations.map((each) => [each.operationType, each.user]).sort()).toEqual([
    ['delete', fixture.lab.limited.gcp.client_email],
    ['insert', fixture.lab.accounts.gcp.client_email],
  ]);
});
