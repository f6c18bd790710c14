/** Public and private zones through the official clients. */
import { DnsManagementClient } from '@azure/arm-dns';
import { PrivateDnsManagementClient } from '@azure/arm-privatedns';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AzureFixture, openFixture, POLL } from './fixture.ts';

let fixture: AzureFixture;
let dns: DnsManagementClient;
let hidden: PrivateDnsManagementClient;
const G = 'group';
const Z = 'shop.skein.test';
const V = 'api-version=2018-05-01';
beforeAll(async () => {
  fixture = await openFixture();
  const { subscriptionId } = fixture.lab.accounts.azure;
  dns = new DnsManagementClient(fixture.credential(), subscriptionId, fixture.options);
  hidden = new PrivateDnsManagementClient(fixture.credential(), subscriptionId, fixture.options);
  await fixture.resources().resourceGroups.createOrUpdate(G, { location: 'westeurope' });
});
afterAll(() => fixture.close());

const path = (rest: string) => `/resourceGroups/${G}/providers/Microsoft.Network/dnsZones/${Z}${rest}?${V}`;
const recordsOf = (visibility: string) =>
  fixture.realiser.ground().zones.find((each) => each.visibility === visibility)?.records ?? [];

describe('a public zone', () => {
  test('has name servers and its first records; its tags are kept', async () => {
    const made = await dns.zones.createOrUpdate(G, Z, { location: 'global', tags: { a: 'b' } });
    expect(made).toMatchObject({
      name: Z,
      location: 'global',
      tags: { a: 'b' },
      zoneType: 'Public',
      numberOfRecordSets: 2,
    });
    expect(made.nameServers).toHaveLength(4);
    const types = [];
    for await (const set of dns.recordSets.listByDnsZone(G, Z)) types.push(set.type?.split('/').at(-1));
    expect(types.sort()).toEqual(['NS', 'SOA']);
    expect((await dns.zones.createOrUpdate(G, Z, { location: 'global', tags: { a: 'b' } })).etag).toBe(
      made.etag,
    );
  });

  test('answers what was put, under conditions', async () => {
    const a = (address: string) => ({ ttl: 60, aRecords: [{ ipv4Address: address }] });
    const made = await dns.recordSets.createOrUpdate(G, Z, 'gw.prod', 'A', a('198.19.0.1'), {
      ifNoneMatch: '*',
    });
    expect(made).toMatchObject({
      name: 'gw.prod',
      ttl: 60,
      fqdn: `gw.prod.${Z}.`,
      aRecords: [{ ipv4Address: '198.19.0.1' }],
    });
    await expect(
      dns.recordSets.createOrUpdate(G, Z, 'gw.prod', 'A', a('198.19.0.2'), { ifNoneMatch: '*' }),
    ).rejects.toMatchObject({ statusCode: 412, code: 'PreconditionFailed' });
    const changed = await dns.recordSets.createOrUpdate(G, Z, 'gw.prod', 'A', a('198.19.0.2'), {
      ifMatch: made.etag ?? '',
    });
    expect(changed.etag).not.toBe(made.etag);
    await expect(
      dns.recordSets.delete(G, Z, 'gw.prod', 'A', { ifMatch: made.etag ?? '' }),
    ).rejects.toMatchObject({ statusCode: 412 });
    await dns.recordSets.createOrUpdate(G, Z, '_skein.gw', 'TXT', {
      ttl: 60,
      txtRecords: [{ value: ['a "b"', 'c'] }],
    });
    await expect
      .poll(() => recordsOf('public'))
      .toContainEqual({ name: `gw.prod.${Z}`, type: 'A', ttlSeconds: 60, values: ['198.19.0.2'] });
    expect(recordsOf('public')).toContainEqual({
      name: `_skein.gw.${Z}`,
      type: 'TXT',
      ttlSeconds: 60,
      values: ['"a \\"b\\"" "c"'],
    });
    await dns.recordSets.delete(G, Z, 'gw.prod', 'A', { ifMatch: changed.etag ?? '' });
    await dns.recordSets.delete(G, Z, 'gw.prod', 'A');
    await expect(dns.recordSets.get(G, Z, 'gw.prod', 'A')).rejects.toMatchObject({ statusCode: 404 });
  });

  test('lists over pages', async () => {
    for (let index = 0; index < 12; index++)
      await dns.recordSets.createOrUpdate(G, Z, `p${index}`, 'A', {
        ttl: 60,
        aRecords: [{ ipv4Address: '10.0.0.1' }],
      });
    const before = fixture.requests().length;
    const names = [];
    for await (const set of dns.recordSets.listByDnsZone(G, Z)) names.push(set.name);
    expect(names.filter((name) => name?.startsWith('p'))).toHaveLength(12);
    const asked = fixture
      .requests()
      .slice(before)
      .map(({ action }) => action);
    expect(asked).toEqual(Array(2).fill('Microsoft.Network/dnsZones/recordsets/read'));
    const one = [];
    for await (const set of dns.recordSets.listByType(G, Z, 'A')) one.push(set.name);
    expect(one).toHaveLength(12);
  });

  test.each<[string, string, object, string]>([
    [
      'an address that is none',
      '/A/x',
      { properties: { TTL: 60, ARecords: [{ ipv4Address: '10.0.0.300' }] } },
      'InvalidRequestFormat',
    ],
    ['no time to live', '/A/x', { properties: { ARecords: [] } }, 'InvalidRequestFormat'],
    [
      'more than twenty records',
      '/A/x',
      { properties: { TTL: 60, ARecords: Array(21).fill({ ipv4Address: '10.0.0.1' }) } },
      'InvalidRequestFormat',
    ],
    ['records of another type', '/A/x', { properties: { TTL: 60, TXTRecords: [] } }, 'InvalidRequestFormat'],
    [
      'an alias beside records',
      '/CNAME/p1',
      { properties: { TTL: 60, CNAMERecord: { cname: 'x.test' } } },
      'BadRequest',
    ],
    ['a name that is none', '/A/a..b', { properties: { TTL: 60, ARecords: [] } }, 'InvalidResourceName'],
  ])('refuses %s', async (_, at, body, code) => {
    const answer = await fixture.ask('PUT', path(at), body);
    expect([answer.status, answer.body.error.code]).toEqual([400, code]);
  });

  test('keeps what it stands on, and goes with everything else in it', async () => {
    const soa = await fixture.ask('DELETE', path('/SOA/@'));
    expect([soa.status, soa.body.error.code]).toEqual([400, 'BadRequest']);
    await dns.zones.beginDeleteAndWait(G, Z, POLL);
    expect(
      fixture.requests().some(({ action }) => action === 'Microsoft.Network/dnsOperationStatuses/read'),
    ).toBe(true);
    await expect(dns.zones.get(G, Z)).rejects.toMatchObject({ statusCode: 404, code: 'ResourceNotFound' });
    expect(recordsOf('public')).toEqual([]);
  });
});

describe('a private zone', () => {
  test('answers in the networks that are linked to it, and no others', async () => {
    const network = fixture.network();
    const make = (name: string) =>
      network.virtualNetworks.createOrUpdate(
        G,
        name,
        { location: 'westeurope', addressSpace: { addressPrefixes: ['10.64.0.0/20'] } },
        POLL,
      );
    const [near, far] = [await make('near'), await make('far')];
    const made = await hidden.privateZones.createOrUpdate(G, Z, { location: 'global' }, POLL);
    expect(made).toMatchObject({ provisioningState: 'Succeeded', numberOfVirtualNetworkLinks: 0 });
    const link = (name: string, id = '') =>
      hidden.virtualNetworkLinks.createOrUpdate(
        G,
        Z,
        name,
        { location: 'global', virtualNetwork: { id }, registrationEnabled: false },
        POLL,
      );
    expect(await link('near', near.id)).toMatchObject({
      virtualNetworkLinkState: 'Completed',
      virtualNetwork: { id: near.id },
    });
    await expect(link('twice', near.id)).rejects.toMatchObject({ statusCode: 409, code: 'Conflict' });
    await expect(link('none', `${near.id}x`)).rejects.toMatchObject({ code: 'InvalidResourceReference' });
    await hidden.recordSets.createOrUpdate(G, Z, 'A', 'node-1.prod', {
      ttl: 10,
      aRecords: [{ ipv4Address: '10.64.0.4' }],
    });
    const names = [];
    for await (const set of hidden.recordSets.list(G, Z))
      names.push(`${set.name} ${set.ttl} ${set.aRecords?.[0]?.ipv4Address}`);
    expect(names).toContain('node-1.prod 10 10.64.0.4');
    const zone = fixture.realiser.ground().zones[0];
    expect(zone?.realmIds).toHaveLength(1);
    expect(zone?.records).toContainEqual({
      name: `node-1.prod.${Z}`,
      type: 'A',
      ttlSeconds: 10,
      values: ['10.64.0.4'],
    });
    await link('far', far.id);
    expect(fixture.realiser.ground().zones[0]?.realmIds).toHaveLength(2);

    await expect(hidden.privateZones.delete(G, Z, POLL)).rejects.toMatchObject({
      statusCode: 409,
      message: expect.stringContaining('virtualNetworkLinks/near'),
    });
    await expect(network.virtualNetworks.delete(G, 'near', POLL)).rejects.toMatchObject({
      message: expect.stringContaining('virtualNetworkLinks/near'),
    });
    await hidden.virtualNetworkLinks.delete(G, Z, 'near', POLL);
    await hidden.virtualNetworkLinks.delete(G, Z, 'far', POLL);
    await hidden.privateZones.delete(G, Z, POLL);
    expect(fixture.realiser.ground().zones).toEqual([]);
    const logged = fixture.requests().find(({ action }) => action.endsWith('virtualNetworkLinks/write'));
    expect(logged?.linked).toEqual(['Microsoft.Network/virtualNetworks/join/action']);
  });
});
