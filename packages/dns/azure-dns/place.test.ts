import { expect, it } from 'vitest';
import { keyedOf, placeOf, placeOfState, zoneId } from './place.ts';
import { asRecordSet, relativeName } from './records.ts';

const network = { organizationId: 'org_1', networkId: 'net_1', name: 'Shop.Test.' };

it('puts the public zone into the network’s group and a private one into its cluster’s', () => {
  const open = placeOf({ ...network, key: 'public' });
  const closed = placeOf({ ...network, key: 'private/clu_1' });
  expect(open).toMatchObject({ zone: 'shop.test', visibility: 'public' });
  expect(open.group).toMatch(/^skein-dns-[0-9a-f]{8}$/);
  expect(closed).toMatchObject({ zone: 'shop.test', visibility: 'private' });
  expect(closed.group).toMatch(/^skein-clu_1-[0-9a-f]{8}$/);
  expect(placeOf({ ...network, networkId: 'net_2', key: 'public' }).group).not.toBe(open.group);
  expect(keyedOf({ ...network, key: 'private/clu_1' }).owner.clusterId).toBe('clu_1');
});

it.each(['public', 'private/clu_1'])('finds the place of %s again by its id', (key) => {
  const place = placeOf({ ...network, key });
  const { visibility } = place;
  const externalId = zoneId('11111111-2222-3333-4444-555555555555', place);
  expect(placeOfState({ externalId, name: 'shop.test', visibility, nameServers: [] })).toEqual(place);
});

it.each([
  ['shop.test', '@'],
  ['a.shop.test', 'a'],
  ['_skein.b.prod.shop.test', '_skein.b.prod'],
])('calls %s %s within its zone, and back', (name, relative) => {
  expect(relativeName(name, 'shop.test')).toBe(relative);
  const set = {
    name: relative,
    type: 'Microsoft.Network/dnszones/A',
    ttl: 60,
    aRecords: [{ ipv4Address: '1.2.3.4' }],
  };
  expect(asRecordSet(set, 'shop.test')).toEqual({
    name,
    type: 'A',
    ttlSeconds: 60,
    values: ['1.2.3.4'],
    plain: true,
  });
});

it.each([{ targetResource: { id: '/subscriptions/x' } }, { isAutoRegistered: true }])(
  'takes %j for no plain set',
  (more) => {
    expect(asRecordSet({ name: 'a', type: 'x/A', ttl: 60, ...more }, 'shop.test').plain).toBe(false);
  },
);
