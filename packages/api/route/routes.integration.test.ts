/** Every route as its owner, nobody, a stranger and a careless caller meet it. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type House, openHouse } from '../testing/house.ts';

let house: House;
const ids = {
  networkId: '',
  clusterId: '',
  peerId: '',
  rangeId: '',
  operationId: '',
  stepId: '',
  accountId: '',
  tokenId: '',
  joinTokenId: '',
  findingId: 'find_0123456789abcdefghjk',
};

const account = {
  provider: 'aws',
  name: 'Lab',
  // Nobody listens there: the cloud never answers a test.
  endpoint: 'http://127.0.0.1:9',
  credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'a-very-secret-key' },
};
const wanted = () => ({
  name: 'shop',
  zone: 'shop.skein.test',
  allowedPorts: [{ protocol: 'tcp', port: 8080 }],
  clusters: [
    { name: 'production', cloudAccountId: ids.accountId, region: 'us-east-1', nodes: 2 },
    { name: 'office', cloudAccountId: null, region: 'office', nodes: 0 },
  ],
});

beforeAll(async () => {
  house = await openHouse(inject('databaseUrl'));
  const made = await house.ask('POST', '/cloud-accounts', { body: account });
  expect(made.status).toBe(201);
  expect(JSON.stringify(made.body)).not.toContain('a-very-secret-key');
  ids.accountId = made.body.id;

  const plan = await house.ask('POST', '/networks/plan', { body: wanted() });
  expect(plan.status).toBe(200);
  // A cloud that does not answer is a warning and no failure.
  const unasked = plan.body.warnings.filter((one: { code: string }) => one.code === 'unknown');
  expect(unasked.map((one: { message: string }) => one.message)).toEqual([
    expect.stringContaining('Lab in us-east-1 could not be asked for its limits'),
  ]);
  expect(plan.body.clusters.map((one: { name: string }) => one.name)).toEqual(['production', 'office']);

  const created = await house.ask('POST', '/networks', { body: { ...wanted(), planHash: plan.body.hash } });
  expect(created.status).toBe(202);
  expect(created.headers.get('location')).toBe(`/api/v1/operations/${created.body.operation.id}`);
  ids.networkId = created.body.network.id;
  ids.operationId = created.body.operation.id;
  ids.stepId = created.body.operation.steps[0].id;

  const clusters = await house.ask('GET', `/networks/${ids.networkId}/clusters`);
  ids.clusterId = clusters.body.items.find((one: { name: string }) => one.name === 'production').id;
  ids.peerId = (await house.ask('GET', `/networks/${ids.networkId}/peers`)).body.items[0].id;
  const join = await house.ask('POST', `/clusters/${ids.clusterId}/join-tokens`, { body: {} });
  expect(join.status).toBe(201);
  expect(join.body.command).toContain(join.body.token);
  ids.joinTokenId = join.body.id;
  const range = await house.ask('POST', `/clusters/${ids.clusterId}/ranges`, {
    body: { name: 'vpc', cidr: '10.0.0.0/16', hosts: [{ name: 'mainframe', address: '10.0.7.9' }] },
  });
  expect(range.status).toBe(201);
  expect(range.body).toMatchObject({
    clusterId: ids.clusterId,
    overlayCidr: '242.0.0.0/16',
    hosts: [{ overlayAddress: '242.0.7.9' }],
  });
  ids.rangeId = range.body.id;
  await house.fresh.database.driftFinding.create({
    data: {
      id: ids.findingId,
      organizationId: house.ours.organizationId,
      networkId: ids.networkId,
      clusterId: ids.clusterId,
      cloudAccountId: ids.accountId,
      provider: 'aws',
      region: 'us-east-1',
      kind: 'firewall',
      key: 'firewall/gateway',
      externalId: 'sg-1',
      what: 'changed',
      differences: [{ field: 'UDP 51820', expected: 'closed', found: 'open from 0.0.0.0/0' }],
    },
  });
  const token = await house.ask('POST', '/api-tokens', { body: { name: 'other' } });
  expect(token.status).toBe(201);
  ids.tokenId = token.body.id;
});
afterAll(() => house.close());

const fill = (path: string) => path.replaceAll(/\{(\w+)\}/g, (_, name: keyof typeof ids) => ids[name]);

const LISTS = [
  ['/networks', 1],
  ['/networks/{networkId}/clusters', 2],
  ['/networks/{networkId}/peers', 2],
  ['/networks/{networkId}/records', null],
  ['/networks/{networkId}/resources', null],
  ['/networks/{networkId}/drift', 1],
  ['/cloud-accounts/{accountId}/orphans', 0],
  ['/clusters/{clusterId}/join-tokens', 1],
  ['/clusters/{clusterId}/ranges', 1],
  ['/cloud-accounts', 1],
  ['/operations', 1],
  ['/operations/{operationId}/log', 0],
  ['/api-tokens', 2],
  ['/audit-events', null],
  ['/providers', 5],
  ['/cloud-accounts/{accountId}/grant', 2],
  ['/cloud-accounts/{accountId}/preflights', 0],
  ['/providers/aws/grant', 2],
  ['/providers/gcp/grant?keyless=true', 2],
] as const;

test.each(LISTS)('GET %s answers a page of what the organization has', async (path, count) => {
  const answer = await house.ask('GET', fill(path));
  expect(answer.status).toBe(200);
  expect(answer.body.next).toBeNull();
  if (count === null) expect(answer.body.items).toBeInstanceOf(Array);
  else expect(answer.body.items).toHaveLength(count);
});

const ITEMS = [
  ['/networks/{networkId}', 'networkId'],
  ['/clusters/{clusterId}', 'clusterId'],
  ['/peers/{peerId}', 'peerId'],
  ['/cloud-accounts/{accountId}', 'accountId'],
  ['/operations/{operationId}', 'operationId'],
] as const;

test.each(ITEMS)('GET %s answers it', async (path, name) => {
  const answer = await house.ask('GET', fill(path));
  expect(answer.status).toBe(200);
  expect(answer.body.id).toBe(ids[name]);
  expect(answer.headers.get('cache-control')).toBe('no-store');
});

test('the topology shows every peer', async () => {
  const answer = await house.ask('GET', fill('/networks/{networkId}/topology'));
  expect(answer.body.peers).toHaveLength(2);
});

const CLOSED = { default: 'deny', rules: [] };
/** Each with a body that would do for its owner. */
const ALL: readonly [string, string, unknown?][] = [
  ...LISTS.map(([path]): [string, string] => ['GET', path]),
  ...ITEMS.map(([path]): [string, string] => ['GET', path]),
  ['GET', '/me'],
  ['GET', '/networks/{networkId}/topology'],
  ['GET', '/networks/{networkId}/events'],
  ['GET', '/operations/{operationId}/events'],
  ['POST', '/networks', {}],
  ['POST', '/networks/plan', {}],
  ['POST', '/networks/{networkId}/plan', { change: 'delete' }],
  ['PATCH', '/networks/{networkId}', { allowedPorts: [] }],
  ['DELETE', '/networks/{networkId}?confirm=shop'],
  ['POST', '/networks/{networkId}/clusters', { name: 'more', cloudAccountId: null, region: 'office' }],
  ['DELETE', '/clusters/{clusterId}?confirm=production'],
  ['POST', '/clusters/{clusterId}/nodes', { count: 1 }],
  ['POST', '/clusters/{clusterId}/join-tokens', {}],
  ['DELETE', '/join-tokens/{joinTokenId}'],
  ['POST', '/clusters/{clusterId}/ranges', { name: 'more', cidr: '10.9.0.0/16' }],
  ['DELETE', '/ranges/{rangeId}'],
  ['POST', '/peers/{peerId}/rotate-key'],
  [
    'POST',
    '/networks/{networkId}/path-tests',
    { fromPeerId: 'peer_00000000000000000001', toPeerId: 'peer_00000000000000000002' },
  ],
  ['POST', '/networks/{networkId}/raise-epoch'],
  ['GET', '/networks/{networkId}/policy'],
  ['PUT', '/networks/{networkId}/policy', { seen: 1, policy: CLOSED }],
  ['POST', '/networks/{networkId}/policy/try', { policy: CLOSED }],
  ['POST', '/networks/{networkId}/policy/ask', { to: 'any', protocol: 'icmp' }],
  [
    'POST',
    '/networks/{networkId}/reachability',
    { from: 'peer_00000000000000000001', to: 'peer_00000000000000000002', protocol: 'icmp' },
  ],
  ['PATCH', '/peers/{peerId}', { labels: { tier: 'db' } }],
  ['PATCH', '/clusters/{clusterId}', { labels: {} }],
  ['PUT', '/peers/{peerId}/role', { role: 'gateway' }],
  ['PUT', '/peers/{peerId}/relay', { relays: true }],
  ['DELETE', '/peers/{peerId}'],
  ['POST', '/cloud-accounts', account],
  ['PATCH', '/cloud-accounts/{accountId}', { provider: 'aws', credentials: account.credentials }],
  ['DELETE', '/cloud-accounts/{accountId}'],
  ['POST', '/cloud-accounts/{accountId}/verify'],
  ['POST', '/cloud-accounts/{accountId}/preflight', { region: 'us-east-1' }],
  ['POST', '/networks/{networkId}/drift'],
  ['POST', '/drift/{findingId}/heal'],
  ['POST', '/drift/{findingId}/dismiss'],
  ['DELETE', '/drift/{findingId}'],
  ['POST', '/cloud-accounts/{accountId}/orphans'],
  ['DELETE', '/cloud-accounts/{accountId}/orphans'],
  ['POST', '/operations/{operationId}/cancel'],
  ['POST', '/operations/{operationId}/steps/{stepId}/retry'],
  ['POST', '/api-tokens', { name: 'mine' }],
  ['DELETE', '/api-tokens/{tokenId}'],
];

test.each(ALL)('%s %s refuses nobody and a wrong token', async (method, path, body) => {
  for (const token of [null, `${house.ours.token.slice(0, -1)}!`, 'skn_nonsense']) {
    const answer = await house.ask(method, fill(path), { token, body });
    expect(answer.status).toBe(401);
    expect(answer.body.code).toBe('not-authenticated');
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  }
});

test.each(ALL.filter(([, path]) => path.includes('{')))(
  '%s %s finds nothing for another organization, and nothing changes',
  async (method, path, body) => {
    const answer = await house.ask(method, fill(path), { token: house.strangers.token, body });
    expect(answer.status).toBe(404);
    expect(answer.body.code).toBe('not-found');
  },
);

test('lists of another organization are empty', async () => {
  for (const path of ['/networks', '/cloud-accounts', '/operations']) {
    const answer = await house.ask('GET', path, { token: house.strangers.token });
    expect(answer.body.items).toEqual([]);
  }
});

test('a network over another organization’s account is refused', async () => {
  const answer = await house.ask('POST', '/networks', { token: house.strangers.token, body: wanted() });
  expect([400, 404]).toContain(answer.status);
});

describe('what is not valid is named by its path', () => {
  test.each([
    ['POST', '/networks', { name: 'No Such Name', zone: 'shop.skein.test', clusters: [] }, 'name'],
    ['POST', '/networks/plan', { name: 'shop', zone: 'nodots', clusters: [] }, 'zone'],
    [
      'PATCH',
      '/networks/{networkId}',
      { allowedPorts: [{ protocol: 'tcp', port: 0 }] },
      'allowedPorts.0.port',
    ],
    [
      'PUT',
      '/networks/{networkId}/policy',
      { seen: 1, policy: { default: 'maybe', rules: [] } },
      'policy.default',
    ],
    ['POST', '/networks/{networkId}/policy/ask', { to: 'prod', protocol: 'icmp' }, 'to'],
    ['POST', '/networks/{networkId}/reachability', { from: 'prod', to: 'prod', protocol: 'icmp' }, 'from'],
    ['PATCH', '/peers/{peerId}', { labels: { Tier: 'db' } }, 'labels.Tier'],
    ['POST', '/networks/{networkId}/clusters', { name: 'x', region: '' }, 'region'],
    ['POST', '/networks/{networkId}/plan', { change: 'add-nodes', clusterId: 'x', nodes: 0 }, 'nodes'],
    ['POST', '/networks/{networkId}/plan', { change: 'nothing' }, 'change'],
    ['POST', '/clusters/{clusterId}/nodes', { count: 99 }, 'count'],
    ['POST', '/clusters/{clusterId}/join-tokens', { uses: 0 }, 'uses'],
    ['POST', '/clusters/{clusterId}/ranges', { name: 'x', cidr: '10.0.0.0' }, 'cidr'],
    ['POST', '/clusters/{clusterId}/ranges', { name: 'x', cidr: '10.9.0.1/16' }, 'cidr'],
    ['POST', '/cloud-accounts', { provider: 'aws', name: '', credentials: {} }, 'name'],
    [
      'PATCH',
      '/cloud-accounts/{accountId}',
      { provider: 'aws', credentials: { accessKeyId: 'AKIATEST' } },
      'credentials.secretAccessKey',
    ],
    ['POST', '/cloud-accounts/{accountId}/preflight', { region: 'us-east-1', nodes: 0 }, 'nodes'],
    ['POST', '/cloud-accounts/{accountId}/preflight', { region: 'nowhere' }, 'region'],
    ['POST', '/api-tokens', { name: '', expiresInDays: 0 }, 'expiresInDays'],
    ['GET', '/networks?limit=0', undefined, 'limit'],
  ])('%s %s', async (method, path, body, where) => {
    const answer = await house.ask(method, fill(path), { body });
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('invalid-request');
    expect(answer.body.errors.map((one: { path: string }) => one.path)).toContain(where);
  });

  test('a body that is no JSON, and one that is too long', async () => {
    const broken = await house.ask('POST', '/api-tokens', { body: '{"name":' });
    expect([broken.status, broken.body.code]).toEqual([400, 'invalid-request']);
    const long = await house.ask('POST', '/api-tokens', { body: { name: 'x'.repeat(300_000) } });
    expect([long.status, long.body.code]).toEqual([400, 'invalid-request']);
  });
});

test('what is done must be what was seen', async () => {
  const plan = await house.ask('POST', fill('/networks/{networkId}/plan'), { body: { change: 'delete' } });
  expect([plan.status, plan.body.hash.length]).toEqual([200, 64]);
  const path = fill('/networks/{networkId}?confirm=shop&planHash=another');
  const answer = await house.ask('DELETE', path);
  expect([answer.status, answer.body.code]).toEqual([409, 'plan-changed']);
  expect(answer.body.detail).toContain('look at the new plan');
  const network = await house.ask('GET', fill('/networks/{networkId}'));
  expect(network.body.state).toBe('provisioning');
});

test('a finding is spoken of, is no orphan, waits for what is under way, and may be dismissed', async () => {
  const network = await house.ask('GET', fill('/networks/{networkId}'));
  expect(network.body.drift).toBe(1);
  const [found] = (await house.ask('GET', fill('/networks/{networkId}/drift'))).body.items;
  expect(found).toMatchObject({ id: ids.findingId, what: 'changed', changedBy: null, state: 'open' });
  const orphan = await house.ask('DELETE', fill('/drift/{findingId}'));
  expect([orphan.status, orphan.body.code]).toEqual([409, 'conflict']);
  // The network is still being provisioned.
  const look = await house.ask('POST', fill('/networks/{networkId}/drift'));
  expect([look.status, look.body.code]).toEqual([409, 'conflict']);
  const heal = await house.ask('POST', fill('/drift/{findingId}/heal'));
  expect([heal.status, heal.body.code]).toEqual([409, 'conflict']);
  const dismissed = await house.ask('POST', fill('/drift/{findingId}/dismiss'));
  expect([dismissed.status, dismissed.body.state]).toEqual([200, 'dismissed']);
  const again = await house.ask('POST', fill('/drift/{findingId}/dismiss'));
  expect([again.status, again.body.code]).toEqual([409, 'conflict']);
  expect((await house.ask('GET', fill('/networks/{networkId}'))).body.drift).toBe(0);
});

test('deleting wants the name, and then begins', async () => {
  const unsure = await house.ask('DELETE', fill('/networks/{networkId}'));
  expect([unsure.status, unsure.body.code]).toEqual([422, 'confirmation-needed']);
});

test('an unknown address is a problem document too', async () => {
  const answer = await house.ask('GET', '/nowhere');
  expect([answer.status, answer.body.code]).toEqual([404, 'not-found']);
});

test('the same call with the same Idempotency-Key begins one operation', async () => {
  const body = { ...wanted(), name: 'once', zone: 'once.skein.test' };
  const headers = { 'idempotency-key': 'a-key-of-my-own' };
  const first = await house.ask('POST', '/networks', { body, headers });
  const again = await house.ask('POST', '/networks', { body, headers });
  expect([first.status, again.status]).toEqual([202, 202]);
  expect(again.body).toEqual(first.body);
  expect(again.headers.get('location')).toBe(first.headers.get('location'));
  const networks = await house.ask('GET', '/networks');
  expect(networks.body.items.filter((one: { name: string }) => one.name === 'once')).toHaveLength(1);

  const other = await house.ask('POST', '/networks', { body: { ...body, name: 'twice' }, headers });
  expect([other.status, other.body.code]).toEqual([409, 'conflict']);
});

test('a refused call with an Idempotency-Key may be mended and sent again', async () => {
  const headers = { 'idempotency-key': 'another-key' };
  const bad = {
    ...wanted(),
    name: 'mended',
    clusters: [{ name: 'a', cloudAccountId: 'acc_nowhere', region: 'us-east-1' }],
  };
  const refused = await house.ask('POST', '/networks', { body: bad, headers });
  expect(refused.status).toBeGreaterThanOrEqual(400);
  const body = { ...wanted(), name: 'mended', zone: 'mended.skein.test' };
  expect((await house.ask('POST', '/networks', { body, headers })).status).toBe(202);
});
