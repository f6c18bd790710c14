/** Cloud DNS through Google's own client library, and its refusals. */
import { DNS } from '@google-cloud/dns';
import { JWT } from 'google-auth-library';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fixture, startGcp } from './fixture.ts';
import { projectGcp } from './ground.ts';

let gcp: Fixture;
let dns: DNS;
let root: string;
beforeAll(async () => {
  gcp = await startGcp();
  root = `/dns/v1/projects/${gcp.projectId}/managedZones`;
  const { client_email: email = '', private_key: key = '' } = gcp.keys[0] ?? {};
  const authClient = new JWT({ email, key, scopes: ['https://www.googleapis.com/auth/cloud-platform'] });
  // Signed by the client itself, as the library does by default.
  authClient.useJWTAccessWithScope = true;
  dns = new DNS({ projectId: gcp.projectId, authClient });
  dns.baseUrl = `${gcp.url}/dns/v1`;
  for (const name of ['one', 'two'])
    await gcp.call('POST', `/compute/v1/projects/${gcp.projectId}/global/networks`, {
      name,
      autoCreateSubnetworks: false,
    });
});
afterAll(() => gcp.stop());

const networkUrl = (name: string) =>
  `https://www.googleapis.com/compute/v1/projects/${gcp.projectId}/global/networks/${name}`;
const refusal = async (method: string, path: string, body?: unknown) => {
  const { status, json } = await gcp.call(method, path, body);
  return [status, (json as { error?: { errors: { reason: string }[] } }).error?.errors[0]?.reason];
};

describe('by the library', () => {
  test('a public zone with records, changed as one', async () => {
    const [zone] = await dns.createZone('pub', { dnsName: 'shop.skein.test.', description: 'd' });
    expect(zone.metadata).toMatchObject({
      visibility: 'public',
      nameServers: expect.arrayContaining([expect.stringMatching(/^ns-cloud-.1\.googledomains\.com\.$/)]),
    });
    const a = zone.record('a', { name: 'p.c.shop.skein.test.', ttl: 60, data: ['198.18.128.9'] });
    const owner = zone.record('txt', {
      name: '_skein.p.c.shop.skein.test.',
      ttl: 300,
      data: ['"owner=net_1"'],
    });
    const [change] = await zone.createChange({ add: [a, owner] });
    expect(change.metadata).toMatchObject({ status: 'pending' });
    await expect.poll(async () => (await change.getMetadata())[0].status).toBe('done');
    const next = zone.record('a', {
      name: 'p.c.shop.skein.test.',
      ttl: 60,
      data: ['198.18.128.10', '198.18.128.11'],
    });
    await zone.createChange({ delete: [a], add: [next] });
    const [records] = await zone.getRecords();
    expect(records.map((each) => [each.type, each.metadata.name, each.data])).toEqual([
      ['TXT', '_skein.p.c.shop.skein.test.', ['"owner=net_1"']],
      ['A', 'p.c.shop.skein.test.', ['198.18.128.10', '198.18.128.11']],
      ['NS', 'shop.skein.test.', expect.anything()],
      ['SOA', 'shop.skein.test.', expect.anything()],
    ]);
    await expect(zone.createChange({ delete: [a] })).rejects.toMatchObject({
      code: 412,
      message: "Precondition not met for 'entity.change.deletions[0]'",
    });
    await expect(zone.createChange({ add: [next] })).rejects.toMatchObject({ code: 409 });
    await expect(zone.delete()).rejects.toMatchObject({
      code: 400,
      message: expect.stringContaining('contains one or more'),
    });
  });

  test('a private zone is bound to networks and shown to their realms', async () => {
    const [zone] = await dns.createZone('priv', {
      dnsName: 'shop.skein.test.',
      description: '',
      visibility: 'private',
      privateVisibilityConfig: { networks: [{ networkUrl: networkUrl('one') }] },
    } as never);
    expect(zone.metadata.privateVisibilityConfig.networks).toMatchObject([{ networkUrl: networkUrl('one') }]);
    // The library's zones have no method for changing them.
    const patch = { privateVisibilityConfig: { networks: [{ networkUrl: networkUrl('two') }] } };
    expect((await gcp.call('PATCH', `${root}/priv`, patch)).json).toMatchObject({
      kind: 'dns#operation',
      status: 'done',
    });
    const two = gcp.state().projects[gcp.projectId]?.networks.two;
    const shown = projectGcp(gcp.state()).zones.filter((each) => each.name === 'shop.skein.test');
    expect(shown.map((each) => [each.visibility, each.realmIds])).toEqual([
      ['private', [`gcp-${two?.id}`]],
      ['public', []],
    ]);
    expect(shown[1]?.records).toContainEqual({
      name: 'p.c.shop.skein.test',
      type: 'A',
      ttlSeconds: 60,
      values: ['198.18.128.10', '198.18.128.11'],
    });
    expect((await dns.getZones())[0].map((each) => each.name)).toEqual(['priv', 'pub']);
  });

  test('emptied, zones go', async () => {
    for (const name of ['pub', 'priv']) await dns.zone(name).delete({ force: true });
    expect((await dns.getZones())[0]).toEqual([]);
    await expect(dns.zone('pub').getMetadata()).rejects.toMatchObject({ code: 404 });
  });
});

describe('refused', () => {
  const zone = { name: 'z', dnsName: 'z.test.', description: '' };
  test.each([
    ['no name', { ...zone, name: undefined }, 400, 'required'],
    ['no description', { ...zone, description: undefined }, 400, 'required'],
    ['a name without its last dot', { ...zone, dnsName: 'z.test' }, 400, 'invalid'],
    ['a visibility that is none', { ...zone, visibility: 'secret' }, 400, 'invalid'],
    [
      'a network that is not there',
      {
        ...zone,
        visibility: 'private',
        privateVisibilityConfig: {
          networks: [
            { networkUrl: 'https://www.googleapis.com/compute/v1/projects/skein-lab/global/networks/none' },
          ],
        },
      },
      400,
      'invalid',
    ],
    ['an unknown field', { ...zone, zoneName: 'z' }, 400, 'badRequest'],
  ])('a zone with %s', async (_, body, status, reason) => {
    expect(await refusal('POST', root, body)).toEqual([status, reason]);
  });

  describe('in a zone', () => {
    beforeAll(async () => {
      expect((await gcp.call('POST', root, zone)).status).toBe(200);
    });
    const a = { name: 'a.z.test.', type: 'A', ttl: 60, rrdatas: ['10.0.0.1'] };
    test.each([
      ['nothing', {}, 400, 'required'],
      ['a name outside', { additions: [{ ...a, name: 'a.other.test.' }] }, 400, 'invalid'],
      ['no last dot', { additions: [{ ...a, name: 'a.z.test' }] }, 400, 'invalid'],
      ['no data', { additions: [{ ...a, rrdatas: [] }] }, 400, 'required'],
      ['an address that is none', { additions: [{ ...a, rrdatas: ['10.0.0.256'] }] }, 400, 'invalid'],
      ['an unknown type', { additions: [{ ...a, type: 'Q' }] }, 400, 'invalid'],
      ['a deletion of nothing', { deletions: [a] }, 404, 'notFound'],
      [
        'a CNAME beside an A',
        { additions: [a, { ...a, type: 'CNAME', rrdatas: ['b.z.test.'] }] },
        400,
        'cnameResourceRecordSetConflict',
      ],
      ['two additions of one', { additions: [a, a] }, 409, 'alreadyExists'],
    ])('a change with %s, and nothing of it stays', async (_, body, status, reason) => {
      expect(await refusal('POST', `${root}/z/changes`, body)).toEqual([status, reason]);
      expect((await gcp.call('GET', `${root}/z/rrsets`)).json.rrsets).toHaveLength(2);
    });

    test('the apex stays', async () => {
      const { json } = await gcp.call('GET', `${root}/z/rrsets?name=z.test.&type=NS`);
      const deletions = json.rrsets as object[];
      expect(deletions).toHaveLength(1);
      expect(await refusal('POST', `${root}/z/changes`, { deletions })).toEqual([400, 'invalidZoneApex']);
    });

    test('record sets one by one, pages, the list of changes', async () => {
      expect((await gcp.call('POST', `${root}/z/rrsets`, a)).json).toMatchObject(a);
      expect(await refusal('POST', `${root}/z/rrsets`, a)).toEqual([409, 'alreadyExists']);
      expect((await gcp.call('PATCH', `${root}/z/rrsets/a.z.test./A`, { ttl: 30 })).json).toMatchObject({
        ...a,
        ttl: 30,
      });
      expect((await gcp.call('GET', `${root}/z/rrsets/a.z.test./A`)).json).toMatchObject({ ...a, ttl: 30 });
      const first = (await gcp.call('GET', `${root}/z/rrsets?maxResults=2`)).json as {
        rrsets: unknown[];
        nextPageToken: string;
      };
      const second = (await gcp.call('GET', `${root}/z/rrsets?maxResults=2&pageToken=${first.nextPageToken}`))
        .json as { rrsets: unknown[] };
      expect([first.rrsets.length, second.rrsets.length, 'nextPageToken' in second]).toEqual([2, 1, false]);
      expect((await gcp.call('DELETE', `${root}/z/rrsets/a.z.test./A`)).status).toBe(200);
      expect(await refusal('GET', `${root}/z/rrsets/a.z.test./A`)).toEqual([404, 'notFound']);
      const { json } = await gcp.call('GET', `${root}/z/changes`);
      expect((json.changes as { id: string }[]).map((each) => each.id)).toEqual(['3', '2', '1', '0']);
      expect(await refusal('POST', root, zone)).toEqual([409, 'alreadyExists']);
    });
  });
});
