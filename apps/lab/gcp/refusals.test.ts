/** Malformed and forbidden calls are refused as Google refuses them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fixture, startGcp } from './fixture.ts';

let gcp: Fixture;
let root: string;
const region = 'us-central1';

interface Failure {
  error: {
    code: number;
    message: string;
    status?: string;
    errors: { reason: string; domain: string }[];
    details?: unknown[];
  };
}
beforeAll(async () => {
  gcp = await startGcp();
  root = `/compute/v1/projects/${gcp.projectId}`;
  await gcp.done('POST', `${root}/global/networks`, { name: 'net', autoCreateSubnetworks: false });
  await gcp.done('POST', `${root}/regions/${region}/subnetworks`, {
    name: 'sub',
    network: 'global/networks/net',
    ipCidrRange: '10.0.0.0/29',
  });
  await gcp.done('POST', `${root}/regions/${region}/addresses`, { name: 'addr' });
});
afterAll(() => gcp.stop());

describe('payloads', () => {
  test('an unknown field names itself and its place', async () => {
    const { status, json } = await gcp.call('POST', `${root}/global/firewalls`, {
      name: 'f',
      allowed: [{ ipProtocol: 'tcp' }],
    });
    expect(status).toBe(400);
    const message = `Invalid JSON payload received. Unknown name "ipProtocol" at 'resource.allowed[0]': Cannot find field.`;
    expect(json).toEqual({
      error: {
        code: 400,
        message,
        errors: [{ message, domain: 'global', reason: 'badRequest' }],
        status: 'INVALID_ARGUMENT',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.BadRequest',
            fieldViolations: [{ field: 'resource.allowed[0]', description: message }],
          },
        ],
      },
    });
  });

  test.each([
    [
      'a wrong type',
      { name: 'f', priority: 'high' },
      'badRequest',
      `Invalid value at 'resource.priority' (TYPE_INT32), "high"`,
    ],
    [
      'an object for a list',
      { name: 'f', allowed: {} },
      'badRequest',
      `Invalid value at 'resource.allowed' (TYPE_MESSAGE), {}`,
    ],
    [
      'a field the lab does not have',
      { name: 'f', sourceServiceAccounts: ['a@b'] },
      'invalid',
      'the lab does not have it',
    ],
  ])('%s', async (_, body, reason, message) => {
    expect(await gcp.refusal('POST', `${root}/global/firewalls`, body)).toMatchObject({
      status: 400,
      reason,
      message: expect.stringContaining(message),
    });
  });

  test('broken JSON, an unknown query parameter, a bad page token and a bad filter', async () => {
    const broken = await fetch(`${gcp.url}${root}/global/networks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await gcp.token()}` },
      body: '{',
    });
    expect([broken.status, ((await broken.json()) as Failure).error.status]).toEqual([
      400,
      'INVALID_ARGUMENT',
    ]);
    expect(await gcp.refusal('GET', `${root}/global/networks?nonsense=1`)).toMatchObject({
      status: 400,
      message: expect.stringContaining('Unknown name "nonsense": Cannot bind query parameter.'),
    });
    expect(await gcp.refusal('GET', `${root}/global/networks?pageToken=x`)).toMatchObject({
      status: 400,
      reason: 'invalid',
    });
    expect(await gcp.refusal('GET', `${root}/global/networks?filter=name`)).toMatchObject({
      status: 400,
      reason: 'invalid',
    });
    expect(await gcp.refusal('GET', `${root}/global/networks?maxResults=501`)).toMatchObject({
      status: 400,
      reason: 'invalid',
    });
  });

  test('unknown paths get a page', async () => {
    const response = await fetch(`${gcp.url}${root}/global/nonsense`, {
      headers: { authorization: `Bearer ${await gcp.token()}` },
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      404,
      'text/html; charset=UTF-8',
    ]);
  });
});

describe('networks, subnets, addresses', () => {
  test('a service error has Google’s form, without a status word', async () => {
    const { status, json } = await gcp.call('GET', `${root}/global/networks/none`);
    const message = `The resource 'projects/${gcp.projectId}/global/networks/none' was not found`;
    expect({ status, json }).toEqual({
      status: 404,
      json: { error: { code: 404, message, errors: [{ message, domain: 'global', reason: 'notFound' }] } },
    });
  });

  test.each([
    ['no name', {}, 400, 'required'],
    ['a bad name', { name: 'Net_1', autoCreateSubnetworks: false }, 400, 'invalid'],
    ['a long name', { name: 'n'.repeat(64), autoCreateSubnetworks: false }, 400, 'invalid'],
    ['auto mode', { name: 'auto', autoCreateSubnetworks: true }, 400, 'invalid'],
    ['a taken name', { name: 'net', autoCreateSubnetworks: false }, 409, 'alreadyExists'],
  ])('network with %s', async (_, body, status, reason) => {
    expect(await gcp.refusal('POST', `${root}/global/networks`, body)).toMatchObject({ status, reason });
  });

  test.each([
    ['no network', { name: 's', ipCidrRange: '10.9.0.0/24' }, 400, 'required'],
    ['no range', { name: 's', network: 'global/networks/net' }, 400, 'required'],
    [
      'an unknown network',
      { name: 's', network: 'global/networks/none', ipCidrRange: '10.9.0.0/24' },
      404,
      'notFound',
    ],
    [
      'another project’s network',
      { name: 's', network: 'projects/other-lab/global/networks/net', ipCidrRange: '10.9.0.0/24' },
      404,
      'notFound',
    ],
    ['host bits', { name: 's', network: 'global/networks/net', ipCidrRange: '10.9.0.1/24' }, 400, 'invalid'],
    [
      'a range too small',
      { name: 's', network: 'global/networks/net', ipCidrRange: '10.9.0.0/30' },
      400,
      'invalid',
    ],
    [
      'a public range',
      { name: 's', network: 'global/networks/net', ipCidrRange: '8.8.8.0/24' },
      400,
      'invalid',
    ],
    ['an overlap', { name: 's', network: 'global/networks/net', ipCidrRange: '10.0.0.0/16' }, 400, 'invalid'],
  ])('subnet with %s', async (_, body, status, reason) => {
    expect(await gcp.refusal('POST', `${root}/regions/us-east1/subnetworks`, body)).toMatchObject({
      status,
      reason,
    });
  });

  test('an overlap says with what', async () => {
    const body = { name: 's', network: 'global/networks/net', ipCidrRange: '10.0.0.0/16' };
    expect((await gcp.refusal('POST', `${root}/regions/us-east1/subnetworks`, body)).message).toBe(
      `Invalid value for field 'resource.ipCidrRange': '10.0.0.0/16'. Invalid IPCidrRange: 10.0.0.0/16 conflicts with existing subnetwork 'sub' in region 'us-central1'.`,
    );
  });

  test('a region that is none, a zero request id', async () => {
    expect(await gcp.refusal('GET', `${root}/regions/mars-1/subnetworks`)).toMatchObject({
      status: 404,
      reason: 'notFound',
    });
    const zero = `${root}/global/networks?requestId=00000000-0000-0000-0000-000000000000`;
    expect(await gcp.refusal('POST', zero, { name: 'z', autoCreateSubnetworks: false })).toMatchObject({
      status: 400,
      reason: 'invalid',
    });
  });

  test('a network just asked for is not ready', async () => {
    const { json } = await gcp.call('POST', `${root}/global/networks`, {
      name: 'young',
      autoCreateSubnetworks: false,
    });
    expect((json as { status: string }).status).toBe('RUNNING');
    const body = { name: 's', network: 'global/networks/young', ipCidrRange: '10.9.0.0/24' };
    expect(await gcp.refusal('POST', `${root}/regions/${region}/subnetworks`, body)).toMatchObject({
      status: 400,
      reason: 'resourceNotReady',
    });
    expect(await gcp.refusal('DELETE', `${root}/global/networks/young`)).toMatchObject({
      status: 400,
      reason: 'resourceNotReady',
    });
  });

  test('a network in use: the operation fails', async () => {
    const operation = await gcp.done('DELETE', `${root}/global/networks/net`);
    expect(operation).toMatchObject({
      status: 'DONE',
      httpErrorStatusCode: 400,
      error: {
        errors: [
          {
            code: 'RESOURCE_IN_USE_BY_ANOTHER_RESOURCE',
            message: `The network resource 'projects/${gcp.projectId}/global/networks/net' is already being used by 'projects/${gcp.projectId}/regions/us-central1/subnetworks/sub'`,
          },
        ],
      },
    });
    expect((await gcp.call('GET', `${root}/global/networks/net`)).status).toBe(200);
  });
});

describe('firewall rules', () => {
  const base = { name: 'f', network: 'global/networks/net', allowed: [{ IPProtocol: 'tcp', ports: ['22'] }] };
  test.each([
    ['neither allowed nor denied', { ...base, allowed: [] }, 400, 'required'],
    ['both', { ...base, denied: [{ IPProtocol: 'all' }] }, 400, 'invalid'],
    ['no default network', { ...base, network: undefined }, 404, 'notFound'],
    ['an unknown protocol', { ...base, allowed: [{ IPProtocol: 'carrier-pigeon' }] }, 400, 'invalid'],
    ['no protocol', { ...base, allowed: [{ ports: ['22'] }] }, 400, 'required'],
    ['ports of ICMP', { ...base, allowed: [{ IPProtocol: 'icmp', ports: ['1'] }] }, 400, 'invalid'],
    [
      'ports the wrong way round',
      { ...base, allowed: [{ IPProtocol: 'tcp', ports: ['90-80'] }] },
      400,
      'invalid',
    ],
    ['a port too high', { ...base, allowed: [{ IPProtocol: 'tcp', ports: ['65536'] }] }, 400, 'invalid'],
    ['a bad range', { ...base, sourceRanges: ['10.0.0.1/8'] }, 400, 'invalid'],
    ['a bad tag', { ...base, targetTags: ['Gateway'] }, 400, 'invalid'],
    ['a priority too high', { ...base, priority: 65536 }, 400, 'invalid'],
    ['a direction that is none', { ...base, direction: 'UP' }, 400, 'invalid'],
    [
      'sources of an egress rule',
      { ...base, direction: 'EGRESS', sourceRanges: ['10.0.0.0/8'] },
      400,
      'invalid',
    ],
  ])('%s', async (_, body, status, reason) => {
    expect(await gcp.refusal('POST', `${root}/global/firewalls`, body)).toMatchObject({ status, reason });
  });

  test('the quota', async () => {
    gcp.lab.store.section<ReturnType<typeof gcp.state>>('gcp', gcp.state).change((state) => {
      const firewalls = state.projects['other-lab']?.firewalls;
      expect(firewalls).toBeUndefined();
      const mine = state.projects[gcp.projectId];
      const one = {
        createdAt: '',
        description: '',
        network: 'net',
        direction: 'INGRESS' as const,
        priority: 1,
        disabled: true,
        allowed: [],
        denied: [],
        sourceRanges: [],
        destinationRanges: [],
        sourceTags: [],
        targetTags: [],
        kept: {},
      };
      for (let i = 0; i < 200 && mine; i += 1)
        mine.firewalls[`many-${i}`] = { ...one, id: String(i), name: `many-${i}` };
    });
    expect(await gcp.refusal('POST', `${root}/global/firewalls`, base)).toMatchObject({
      status: 403,
      reason: 'quotaExceeded',
      message: "Quota 'FIREWALLS' exceeded.  Limit: 200.0 globally.",
    });
    gcp.lab.store.section<ReturnType<typeof gcp.state>>('gcp', gcp.state).change((state) => {
      const mine = state.projects[gcp.projectId];
      if (mine) mine.firewalls = {};
    });
  });
});

test('a quota of networks: the operation fails', async () => {
  let last: Awaited<ReturnType<Fixture['done']>> | undefined;
  for (let i = 0; i < 20 && !last?.error; i += 1)
    last = await gcp.done('POST', `${root}/global/networks`, {
      name: `many-${i}`,
      autoCreateSubnetworks: false,
    });
  expect(last).toMatchObject({
    httpErrorStatusCode: 403,
    error: {
      errors: [{ code: 'QUOTA_EXCEEDED', message: "Quota 'NETWORKS' exceeded.  Limit: 20.0 globally." }],
    },
  });
});

test('every call is in the request log', async () => {
  await gcp.refusal('POST', `${root}/regions/${region}/addresses`, { name: 'addr' });
  const log = gcp.lab.requests.list();
  expect(log).toContainEqual(
    expect.objectContaining({
      cloud: 'gcp',
      service: 'compute',
      action: 'addresses.insert',
      region,
      account: gcp.projectId,
      status: 409,
      error: 'alreadyExists',
      mutating: true,
    }),
  );
  expect(log).toContainEqual(
    expect.objectContaining({
      action: 'networks.get',
      status: 200,
      error: null,
      mutating: false,
      region: 'global',
    }),
  );
  expect(JSON.stringify(log)).not.toContain('ya29.');
});
