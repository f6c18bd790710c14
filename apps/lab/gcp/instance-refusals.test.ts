/** Instances that Google would not make, and changes it would not make to them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fixture, startGcp } from './fixture.ts';

let gcp: Fixture;
let root: string;
const region = 'us-central1';
const zone = 'us-central1-a';

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
  await gcp.done('POST', `${root}/global/networks`, { name: 'net', autoCreateSubnetworks: false });
  await gcp.done('POST', `${root}/regions/${region}/subnetworks`, {
    name: 'sub',
    network: 'global/networks/net',
    ipCidrRange: '10.0.0.0/29',
  });
  await gcp.done('POST', `${root}/regions/${region}/addresses`, { name: 'addr' });
});
afterAll(() => gcp.stop());

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
    expect(await gcp.refusal('POST', at(), machine('m', {}, more))).toMatchObject({ status, reason });
  });

  test('what only the operation says: an address taken, a range full', async () => {
    const { json: address } = await gcp.call('GET', `${root}/regions/${region}/addresses/addr`);
    const natIP = (address as { address: string }).address;
    expect(
      (await gcp.done('POST', at(), machine('one', { accessConfigs: [{ natIP }] }))).error,
    ).toBeUndefined();
    const codes = async (name: string, nic: object) =>
      (await gcp.done('POST', at(), machine(name, nic))).error?.errors[0]?.code;
    expect(await codes('two', { accessConfigs: [{ natIP }] })).toBe('IP_IN_USE_BY_ANOTHER_RESOURCE');
    expect(await codes('three', { networkIP: '10.0.0.2' })).toBe('IP_IN_USE_BY_ANOTHER_RESOURCE');
    // A /29 has four addresses for instances: two at each end are Google's.
    for (const name of ['four', 'five', 'six']) expect(await codes(name, {})).toBeUndefined();
    expect(await codes('seven', {})).toBe('IP_SPACE_EXHAUSTED');
    expect((await gcp.call('GET', `${at()}/two`)).status).toBe(404);
    expect(await gcp.refusal('POST', at(), machine('one'))).toMatchObject({
      status: 409,
      reason: 'alreadyExists',
    });
    expect(await gcp.refusal('DELETE', `${root}/regions/${region}/addresses/addr`)).toMatchObject({
      status: 400,
      reason: 'resourceInUseByAnotherResource',
    });
    expect(await gcp.refusal('DELETE', `${root}/regions/${region}/subnetworks/sub`)).toMatchObject({
      status: 400,
      reason: 'resourceInUseByAnotherResource',
    });
  });

  test('a machine that cannot start leaves no instance', async () => {
    await gcp.done('POST', `${root}/regions/us-east1/subnetworks`, {
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
    await gcp.done('POST', `${at()}/four/setDeletionProtection`);
    expect(await gcp.refusal('DELETE', `${at()}/four`)).toMatchObject({
      status: 412,
      reason: 'conditionNotMet',
    });
    await gcp.done('POST', `${at()}/four/setDeletionProtection?deletionProtection=false`);
    const { json: address } = await gcp.call('GET', `${root}/regions/${region}/addresses/addr`);
    const natIP = (address as { address: string }).address;
    const nic = 'networkInterface=nic0';
    expect(await gcp.refusal('POST', `${at()}/one/addAccessConfig?${nic}`, { natIP })).toMatchObject({
      status: 400,
      reason: 'invalid',
    });
    expect(
      await gcp.refusal('POST', `${at()}/one/deleteAccessConfig?${nic}&accessConfig=none`),
    ).toMatchObject({
      status: 400,
    });
    await gcp.done('POST', `${at()}/one/deleteAccessConfig?${nic}&accessConfig=External%20NAT`);
    await gcp.done('POST', `${at()}/four/addAccessConfig?${nic}`, { type: 'ONE_TO_ONE_NAT', natIP });
    expect((await gcp.call('GET', `${root}/regions/${region}/addresses/addr`)).json).toMatchObject({
      status: 'IN_USE',
      users: [expect.stringMatching(/instances\/four$/)],
    });
  });
});
