/** Malformed and forbidden calls are refused as Google refuses them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fixture, startGcp } from './fixture.ts';

let gcp: Fixture;
let root: string;
const region = 'us-central1';
const zone = 'us-central1-a';

interface Failure {
  error: {
    code: number;
    message: string;
    status?: string;
    errors: { reason: string; domain: string }[];
    details?: unknown[];
  };
}
const refusal = async (method: string, path: string, body?: unknown) => {
  const { status, json } = await gcp.call(method, path, body);
  const { error } = json as unknown as Failure;
  return { status, reason: error?.errors[0]?.reason, message: error?.message };
};
/** Makes something and waits until Google says that it is done; answers the operation. */
async function done(method: string, path: string, body?: unknown) {
  const { status, json } = await gcp.call(method, path, body);
  expect({ status, json }).toMatchObject({ status: 200 });
  const link = new URL((json as { selfLink: string }).selfLink).pathname;
  return (await gcp.call('POST', `${link}/wait`)).json as unknown as {
    status: string;
    error?: { errors: { code: string; message: string }[] };
    httpErrorStatusCode?: number;
  };
}
const machine = (name: string, nic: object = {}, more: object = {}) => ({
  name,
  machineType: `zones/${zone}/machineTypes/e2-small`,
  disks: [
    { boot: true, initializeParams: { sourceImage: 'projects/debian-cloud/global/images/family/debian-12' } },
  ],
  networkInterfaces: [{ subnetwork: `regions/${region}/subnetworks/sub`, ...nic }],
  ...more,
});

beforeAll(async () => {
  gcp = await startGcp();
  root = `/compute/v1/projects/${gcp.projectId}`;
  await done('POST', `${root}/global/networks`, { name: 'net', autoCreateSubnetworks: false });
  await done('POST', `${root}/regions/${region}/subnetworks`, {
    name: 'sub',
    network: 'global/networks/net',
    ipCidrRange: '10.0.0.0/29',
  });
  await done('POST', `${root}/regions/${region}/addresses`, { name: 'addr' });
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
    expect(await refusal('POST', `${root}/global/firewalls`, body)).toMatchObject({
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
    expect(await refusal('GET', `${root}/global/networks?nonsense=1`)).toMatchObject({
      status: 400,
      message: expect.stringContaining('Unknown name "nonsense": Cannot bind query parameter.'),
    });
    expect(await refusal('GET', `${root}/global/networks?pageToken=x`)).toMatchObject({
      status: 400,
      reason: 'invalid',
    });
    expect(await refusal('GET', `${root}/global/networks?filter=name`)).toMatchObject({
      status: 400,
      reason: 'invalid',
    });
    expect(await refusal('GET', `${root}/global/networks?maxResults=501`)).toMatchObject({
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
    expect(await refusal('POST', `${root}/global/networks`, body)).toMatchObject({ status, reason });
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
    expect(await refusal('POST', `${root}/regions/us-east1/subnetworks`, body)).toMatchObject({
      status,
      reason,
    });
  });

  test('an overlap says with what', async () => {
    const body = { name: 's', network: 'global/networks/net', ipCidrRange: '10.0.0.0/16' };
    expect((await refusal('POST', `${root}/regions/us-east1/subnetworks`, body)).message).toBe(
      `Invalid value for field 'resource.ipCidrRange': '10.0.0.0/16'. Invalid IPCidrRange: 10.0.0.0/16 conflicts with existing subnetwork 'sub' in region 'us-central1'.`,
    );
  });

  test('a region that is none, a zero request id', async () => {
    expect(await refusal('GET', `${root}/regions/mars-1/subnetworks`)).toMatchObject({
      status: 404,
      reason: 'notFound',
    });
    const zero = `${root}/global/networks?requestId=00000000-0000-0000-0000-000000000000`;
    expect(await refusal('POST', zero, { name: 'z', autoCreateSubnetworks: false })).toMatchObject({
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
    expect(await refusal('POST', `${root}/regions/${region}/subnetworks`, body)).toMatchObject({
      status: 400,
      reason: 'resourceNotReady',
    });
    expect(await refusal('DELETE', `${root}/global/networks/young`)).toMatchObject({
      status: 400,
      reason: 'resourceNotReady',
    });
  });

  test('a network in use: the operation fails', async () => {
    const operation = await done('DELETE', `${root}/global/networks/net`);
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
    expect(await refusal('POST', `${root}/global/firewalls`, body)).toMatchObject({ status, reason });
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
    expect(await refusal('POST', `${root}/global/firewalls`, base)).toMatchObject({
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

describe('instances', () => {
  const at = () => `${root}/zones/${zone}/instances`;
  test.each([
    ['no machine type', { machineType: undefined }, 400, 'required'],
    ['an unknown machine type', { machineType: `zones/${zone}/machineTypes/e9-huge` }, 400, 'invalid'],
    [
      'a machine type of another zone',
      { machineType: 'zones/us-east1-b/machineTypes/e2-small' },
      400,
      'invalid',
    ],
    ['no disk', { disks: [] }, 400, 'invalid'],
    [
      'an unknown image',
      {
        disks: [
          {
            boot: true,
            initializeParams: { sourceImage: 'projects/debian-cloud/global/images/family/debian-1' },
          },
        ],
      },
      400,
      'invalid',
    ],
    ['no interface', { networkInterfaces: [] }, 400, 'invalid'],
    ['a network but no subnet', { networkInterfaces: [{ network: 'global/networks/net' }] }, 400, 'invalid'],
    [
      'an unknown subnet',
      { networkInterfaces: [{ subnetwork: `regions/${region}/subnetworks/none` }] },
      404,
      'notFound',
    ],
    [
      'an address outside the range',
      { networkInterfaces: [{ subnetwork: `regions/${region}/subnetworks/sub`, networkIP: '10.0.0.1' }] },
      400,
      'invalid',
    ],
    [
      'an address that is not reserved',
      {
        networkInterfaces: [
          { subnetwork: `regions/${region}/subnetworks/sub`, accessConfigs: [{ natIP: '198.18.130.1' }] },
        ],
      },
      400,
      'invalid',
    ],
    ['a bad label', { labels: { A: 'b' } }, 400, 'invalid'],
    [
      'a key of metadata twice',
      {
        metadata: {
          items: [
            { key: 'a', value: '' },
            { key: 'a', value: '' },
          ],
        },
      },
      400,
      'invalid',
    ],
    ['a bad tag', { tags: { items: ['_'] } }, 400, 'invalid'],
  ])('%s', async (_, more, status, reason) => {
    expect(await refusal('POST', at(), machine('m', {}, more))).toMatchObject({ status, reason });
  });

  test('what only the operation says: an address taken, a range full', async () => {
    const { json: address } = await gcp.call('GET', `${root}/regions/${region}/addresses/addr`);
    const natIP = (address as { address: string }).address;
    expect((await done('POST', at(), machine('one', { accessConfigs: [{ natIP }] }))).error).toBeUndefined();
    const codes = async (name: string, nic: object) =>
      (await done('POST', at(), machine(name, nic))).error?.errors[0]?.code;
    expect(await codes('two', { accessConfigs: [{ natIP }] })).toBe('IP_IN_USE_BY_ANOTHER_RESOURCE');
    expect(await codes('three', { networkIP: '10.0.0.2' })).toBe('IP_IN_USE_BY_ANOTHER_RESOURCE');
    // A /29 has four addresses for instances: two at each end are Google's.
    for (const name of ['four', 'five', 'six']) expect(await codes(name, {})).toBeUndefined();
    expect(await codes('seven', {})).toBe('IP_SPACE_EXHAUSTED');
    expect((await gcp.call('GET', `${at()}/two`)).status).toBe(404);
    expect(await refusal('POST', at(), machine('one'))).toMatchObject({
      status: 409,
      reason: 'alreadyExists',
    });
    expect(await refusal('DELETE', `${root}/regions/${region}/addresses/addr`)).toMatchObject({
      status: 400,
      reason: 'resourceInUseByAnotherResource',
    });
    expect(await refusal('DELETE', `${root}/regions/${region}/subnetworks/sub`)).toMatchObject({
      status: 400,
      reason: 'resourceInUseByAnotherResource',
    });
  });

  test('a machine that cannot start leaves no instance', async () => {
    await done('POST', `${root}/regions/us-east1/subnetworks`, {
      name: 'east',
      network: 'global/networks/net',
      ipCidrRange: '10.8.0.0/24',
    });
    const body = {
      ...machine('broken'),
      machineType: 'zones/us-east1-b/machineTypes/e2-small',
      networkInterfaces: [{ subnetwork: 'regions/us-east1/subnetworks/east' }],
    };
    const started = await gcp.call('POST', `${root}/zones/us-east1-b/instances`, body);
    const { targetId, selfLink } = started.json as unknown as { targetId: string; selfLink: string };
    gcp.machines.set(targetId, { id: targetId, state: 'pending', console: '', userDataExit: null });
    expect(
      ((await gcp.call('GET', `${root}/zones/us-east1-b/instances/broken`)).json as { status: string })
        .status,
    ).toBe('STAGING');
    gcp.machines.set(targetId, { id: targetId, state: 'failed', console: '', userDataExit: null });
    const ended = await gcp.call('POST', `${new URL(selfLink).pathname}/wait`);
    expect(ended.json).toMatchObject({ status: 'DONE', error: { errors: [{ code: 'INTERNAL_ERROR' }] } });
    expect((await gcp.call('GET', `${root}/zones/us-east1-b/instances/broken`)).status).toBe(404);
  });

  test('deletion protection, an address moved from one to another', async () => {
    await done('POST', `${at()}/four/setDeletionProtection`);
    expect(await refusal('DELETE', `${at()}/four`)).toMatchObject({ status: 412, reason: 'conditionNotMet' });
    await done('POST', `${at()}/four/setDeletionProtection?deletionProtection=false`);
    const { json: address } = await gcp.call('GET', `${root}/regions/${region}/addresses/addr`);
    const natIP = (address as { address: string }).address;
    const nic = 'networkInterface=nic0';
    expect(await refusal('POST', `${at()}/one/addAccessConfig?${nic}`, { natIP })).toMatchObject({
      status: 400,
      reason: 'invalid',
    });
    expect(await refusal('POST', `${at()}/one/deleteAccessConfig?${nic}&accessConfig=none`)).toMatchObject({
      status: 400,
    });
    await done('POST', `${at()}/one/deleteAccessConfig?${nic}&accessConfig=External%20NAT`);
    await done('POST', `${at()}/four/addAccessConfig?${nic}`, { type: 'ONE_TO_ONE_NAT', natIP });
    expect((await gcp.call('GET', `${root}/regions/${region}/addresses/addr`)).json).toMatchObject({
      status: 'IN_USE',
      users: [expect.stringMatching(/instances\/four$/)],
    });
  });
});

test('every call is in the request log', () => {
  const log = gcp.lab.requests.list();
  expect(log).toContainEqual(
    expect.objectContaining({
      cloud: 'gcp',
      service: 'compute',
      action: 'instances.insert',
      region: zone,
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
