/** Who gets a token, what it is good for, and who is said to have changed what. */
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { MonitorClient } from '@azure/arm-monitor';
import { ClientAssertionCredential } from '@azure/identity';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureAuthority } from './authority.ts';
import { type AzureFixture, openFixture, POLL } from './fixture.ts';

let fixture: AzureFixture;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture.close());

const V = 'api-version=2025-04-01';
const SCOPE = 'https://management.azure.com/.default';
const account = () => fixture.lab.accounts.azure;

/** Speaks to the control socket. */
function control(path: string, body: unknown): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const socketPath = join(fixture.directory, 'control.sock');
  const sent = request({ agent: false, socketPath, method: 'PUT', path }, (answer) => {
    answer.resume();
    answer.on('end', () => resolve(answer.statusCode ?? 0));
  });
  sent.on('error', reject);
  sent.end(JSON.stringify(body));
  return promise;
}

describe('the lab’s authority', () => {
  test('is the same after a new start, its key for its owner only', async () => {
    const before = await ensureAuthority(fixture.directory);
    await fixture.restart();
    const after = await ensureAuthority(fixture.directory);
    expect(after.certificate.toString()).toBe(before.certificate.toString());
    expect(after.caFile).toBe(fixture.lab.caFile);
    expect(statSync(join(fixture.directory, 'ca-key.pem')).mode & 0o777).toBe(0o600);
  });
});

describe('a federated credential', () => {
  const issuer = 'https://skein.test';
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const claims = (more: object = {}) => {
    const seconds = Math.floor(Date.now() / 1000);
    return {
      iss: issuer,
      sub: 'org_1',
      aud: 'api://AzureADTokenExchange',
      iat: seconds,
      exp: seconds + 300,
      ...more,
    };
  };
  function assertion(body: object, key = privateKey, head: object = { alg: 'RS256', kid: 'k1' }): string {
    const text = [head, body]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${text}.${sign('sha256', Buffer.from(text), createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' }))).toString('base64url')}`;
  }
  const tokenFor = (jwt: string) =>
    new ClientAssertionCredential(account().tenantId, account().clientId, async () => jwt, {
      authorityHost: fixture.lab.azureUrl,
      disableInstanceDiscovery: true,
      retryOptions: { maxRetries: 0 },
    }).getToken(SCOPE);

  test('is trusted only once it is set', async () => {
    await expect(tokenFor(assertion(claims()))).rejects.toThrow(/AADSTS70025/);
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }] };
    const path = `/accounts/azure/${account().subscriptionId}/federation`;
    expect(await control(path, { issuer, subject: 'org_1', jwks: { keys: [] } })).toBe(400);
    expect(await control('/accounts/azure/none/federation', null)).toBe(404);
    expect(await control(path, { issuer, subject: 'org_1', jwks })).toBe(200);
    const { token } = await tokenFor(assertion(claims()));
    const used = await fixture.ask('GET', `/resourcegroups?${V}`, undefined, {
      authorization: `Bearer ${token}`,
    });
    expect(used.status).toBe(200);
  });

  test.each<[string, () => string, RegExp]>([
    ['another issuer', () => assertion(claims({ iss: 'https://elsewhere.test' })), /AADSTS70021\b/],
    ['another subject', () => assertion(claims({ sub: 'org_2' })), /AADSTS700213/],
    ['another audience', () => assertion(claims({ aud: 'sts.amazonaws.com' })), /AADSTS700212/],
    ['another key', () => assertion(claims(), other.privateKey), /AADSTS700027/],
    [
      'a key of another name',
      () => assertion(claims(), privateKey, { alg: 'RS256', kid: 'k2' }),
      /AADSTS7000272/,
    ],
    ['no signature', () => assertion(claims(), privateKey, { alg: 'none', kid: 'k1' }), /AADSTS700027/],
    ['an hour ago', () => assertion(claims({ exp: Math.floor(Date.now() / 1000) - 3600 })), /AADSTS700024/],
  ])('of %s is refused', async (_, jwt, error) => {
    await expect(tokenFor(jwt())).rejects.toThrow(error);
  });
});

describe('permissions', () => {
  const set = (permissions: unknown) =>
    control(`/accounts/azure/${account().subscriptionId}/permissions`, permissions);

  test('are told, and hold', async () => {
    const client = new AuthorizationManagementClient(fixture.credential(), account().subscriptionId, {
      endpoint: fixture.lab.azureUrl,
    });
    await fixture.resources().resourceGroups.createOrUpdate('mine', { location: 'westeurope' });
    const told = async () => {
      const all = [];
      for await (const each of client.permissions.listForResourceGroup('mine')) all.push(each);
      return all.map(({ actions, notActions }) => ({ actions, notActions }));
    };
    expect(await told()).toEqual([{ actions: ['*'], notActions: [] }]);
    fixture.lab.faults.set([
      { cloud: 'azure', fault: { kind: 'deny', permissions: ['Microsoft.Network/*/join/action'] } },
    ]);
    expect((await told())[0]?.notActions).toContain('Microsoft.Network/virtualNetworks/subnets/join/action');
    fixture.lab.faults.clear();
    const few = {
      actions: ['*/read', 'Microsoft.Network/virtualNetworks/*', 'Microsoft.Network/networkInterfaces/write'],
      notActions: [
        'Microsoft.Network/virtualNetworks/delete',
        'Microsoft.Network/virtualNetworks/subnets/join/action',
      ],
    };
    expect(await set(few)).toBe(200);
    expect(await told()).toEqual([few]);
    const network = fixture.network();
    const made = await network.virtualNetworks.createOrUpdate(
      'mine',
      'net',
      {
        location: 'westeurope',
        addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
        subnets: [{ name: 's', addressPrefix: '10.0.0.0/24' }],
      },
      POLL,
    );
    await expect(network.virtualNetworks.delete('mine', 'net', POLL)).rejects.toMatchObject({
      statusCode: 403,
      code: 'AuthorizationFailed',
      message: expect.stringContaining("'Microsoft.Network/virtualNetworks/delete'"),
    });
    const join = network.networkInterfaces.createOrUpdate(
      'mine',
      'nic',
      {
        location: 'westeurope',
        ipConfigurations: [{ name: 'main', subnet: { id: made.subnets?.[0]?.id ?? '' } }],
      },
      POLL,
    );
    await expect(Promise.resolve(join)).rejects.toMatchObject({
      statusCode: 403,
      code: 'LinkedAuthorizationFailed',
    });
    expect(await set({ actions: 'all' })).toBe(400);
    expect(await set(null)).toBe(200);
    await network.virtualNetworks.delete('mine', 'net', POLL);
  });
});

describe('quotas', () => {
  test('are those that were set', async () => {
    const set = (quotas: object) => control(`/accounts/azure/${account().subscriptionId}/quotas`, quotas);
    expect(await set({ Rainbows: 1 })).toBe(400);
    expect(await set({ PublicIPAddresses: 0 })).toBe(200);
    await fixture.resources().resourceGroups.createOrUpdate('full', { location: 'westeurope' });
    const address = { location: 'westeurope', sku: { name: 'Standard' }, publicIPAllocationMethod: 'Static' };
    const make = () => fixture.network().publicIPAddresses.createOrUpdate('full', 'one', address, POLL);
    await expect(Promise.resolve(make())).rejects.toMatchObject({ code: 'PublicIPCountLimitReached' });
    expect(await set({})).toBe(200);
    expect(await make()).toMatchObject({ provisioningState: 'Succeeded' });
  });
});

describe('the activity log', () => {
  test('says who changed what, newest first', async () => {
    const started = new Date().toISOString();
    const { resourceGroups } = fixture.resources();
    await resourceGroups.createOrUpdate('logged', { location: 'westeurope' });
    await resourceGroups.update('logged', { tags: { a: 'b' } });
    const monitor = new MonitorClient(fixture.credential(), account().subscriptionId, {
      endpoint: fixture.lab.azureUrl,
    });
    const id = `/subscriptions/${account().subscriptionId}/resourceGroups/logged`;
    const events = [];
    for await (const event of monitor.activityLogs.list(
      `eventTimestamp ge '${started}' and resourceUri eq '${id}'`,
    ))
      events.push(event);
    expect(events).toHaveLength(2);
    expect(events[0]).toMatchObject({
      operationName: { value: 'Microsoft.Resources/subscriptions/resourceGroups/write' },
      status: { value: 'Succeeded' },
      claims: { appid: account().clientId },
    });
    expect(events[0]?.caller).toMatch(/^[0-9a-f-]{36}$/);
    const all = monitor.activityLogs.list(`resourceUri eq '${id}'`);
    await expect(all.next()).rejects.toMatchObject({ statusCode: 400 });
  });
});
