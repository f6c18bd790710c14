import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fixture, startGcp } from './fixture.ts';
import { projectGcp } from './ground.ts';

let gcp: Fixture;
let networks: string;
beforeAll(async () => {
  gcp = await startGcp();
  networks = `/compute/v1/projects/${gcp.projectId}/global/networks`;
});
afterAll(() => gcp.stop());

const path = (name: string) => `projects/${gcp.projectId}/global/networks/${name}`;
async function make(name: string, cidr: string, region = 'us-central1') {
  await gcp.done('POST', networks, { name, autoCreateSubnetworks: false });
  await gcp.done('POST', `/compute/v1/projects/${gcp.projectId}/regions/${region}/subnetworks`, {
    name,
    network: path(name),
    ipCidrRange: cidr,
  });
}
const body = (name: string, to: string) => ({
  networkPeering: { name, network: path(to), exchangeSubnetRoutes: true },
});
const peer = (from: string, name: string, to: string) =>
  gcp.done('POST', `${networks}/${from}/addPeering`, body(name, to));
const states = async (name: string) => {
  const { json } = await gcp.call('GET', `${networks}/${name}`);
  return (json.peerings as { name: string; state: string }[] | undefined)?.map((one) => [
    one.name,
    one.state,
  ]);
};
const incoming = async (network: string, peeringName: string) => {
  const query = `peeringName=${peeringName}&region=us-central1&direction=INCOMING`;
  const { json } = await gcp.call('GET', `${networks}/${network}/listPeeringRoutes?${query}`);
  return (json.items as { destRange: string }[]).map((one) => one.destRange);
};
const grounded = () => projectGcp(gcp.state()).peerings;

describe('networks.addPeering and removePeering', () => {
  test('half passes nothing; both are active and route to each other; one taken away leaves the other inactive', async () => {
    await make('one', '10.64.0.0/20');
    await make('two', '10.64.16.0/20');
    expect(await states('one')).toBeUndefined();
    expect(await peer('one', 'to-two', 'two')).toMatchObject({ status: 'DONE' });
    expect(await states('one')).toEqual([['to-two', 'INACTIVE']]);
    expect(await incoming('one', 'to-two')).toEqual([]);
    expect(grounded()).toEqual([]);
    await peer('two', 'to-one', 'one');
    expect(await states('one')).toEqual([['to-two', 'ACTIVE']]);
    expect(await states('two')).toEqual([['to-one', 'ACTIVE']]);
    expect(await incoming('one', 'to-two')).toEqual(['10.64.16.0/20']);
    const ranges = grounded()[0]?.ends.flatMap((end) => end.routes);
    expect(ranges?.sort()).toEqual(['10.64.0.0/20', '10.64.16.0/20']);

    await gcp.done('POST', `${networks}/one/removePeering`, { name: 'to-two' });
    expect(await states('one')).toBeUndefined();
    expect(await states('two')).toEqual([['to-one', 'INACTIVE']]);
    expect(grounded()).toEqual([]);
    expect(await gcp.refusal('POST', `${networks}/one/removePeering`, { name: 'to-two' })).toMatchObject({
      status: 400,
      reason: 'invalid',
    });
  });

  test('a network that still has its half cannot go', async () => {
    await make('three', '10.65.0.0/20');
    await gcp.done('POST', networks, { name: 'bare', autoCreateSubnetworks: false });
    await peer('bare', 'to-three', 'three');
    const ended = await gcp.done('DELETE', `${networks}/bare`);
    expect(ended.error?.errors[0]?.code).toBe('RESOURCE_IN_USE_BY_ANOTHER_RESOURCE');
    await gcp.done('POST', `${networks}/bare/removePeering`, { name: 'to-three' });
    expect((await gcp.done('DELETE', `${networks}/bare`)).error).toBeUndefined();
  });

  test('ranges that overlap are refused, when peering and when a subnet is added later', async () => {
    await make('wide', '10.66.0.0/16');
    await make('narrow', '10.66.16.0/20');
    await make('apart', '10.67.0.0/20');
    expect(await gcp.refusal('POST', `${networks}/wide/addPeering`, body('x', 'narrow'))).toMatchObject({
      status: 400,
      message: expect.stringContaining('overlaps'),
    });
    await peer('wide', 'to-apart', 'apart');
    const subnet = { name: 'late', network: path('wide'), ipCidrRange: '10.67.0.0/24' };
    const at = `/compute/v1/projects/${gcp.projectId}/regions/europe-west1/subnetworks`;
    expect(await gcp.refusal('POST', at, subnet)).toMatchObject({
      status: 400,
      message: expect.stringContaining('overlaps'),
    });
  });

  test('one change at a time on either network; a second peering with the same network is refused', async () => {
    await make('four', '10.68.0.0/20');
    await make('five', '10.68.16.0/20');
    expect((await gcp.call('POST', `${networks}/four/addPeering`, body('to-five', 'five'))).status).toBe(200);
    expect(await gcp.refusal('POST', `${networks}/five/addPeering`, body('to-four', 'four'))).toMatchObject({
      status: 400,
      message: expect.stringContaining('peering operation in progress'),
    });
    gcp.later();
    expect(await gcp.refusal('POST', `${networks}/four/addPeering`, body('again', 'five'))).toMatchObject({
      status: 409,
      reason: 'alreadyExists',
    });
    await peer('five', 'to-four', 'four');
    await gcp.done('PATCH', `${networks}/five/updatePeering`, {
      networkPeering: { name: 'to-four', exportCustomRoutes: true },
    });
    const { json } = await gcp.call('GET', `${networks}/five`);
    expect(json.peerings).toEqual([expect.objectContaining({ exportCustomRoutes: true, state: 'ACTIVE' })]);
    expect(await gcp.refusal('POST', `${networks}/five/addPeering`, body('self', 'five'))).toMatchObject({
      status: 400,
    });
    expect(await gcp.refusal('POST', `${networks}/five/addPeering`, body('far', 'nobody'))).toMatchObject({
      status: 404,
    });
  });
});
