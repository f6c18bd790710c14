import { expect, test } from 'vitest';
import { PRICES } from './2026-11.ts';
import { type Place, type WayEnd, wayOf } from './of-way.ts';

const aws = { provider: 'aws', region: 'us-east-1' } as const;
const end = (clusterId: string, place: Place, host: number): WayEnd => ({
  clusterId,
  place,
  endpoints: [{ kind: 'observed', address: `198.51.100.${host}`, port: 40_000 }],
  privateAddress: `10.0.0.${host}`,
  publicAddress: `203.0.113.${host}`,
  udpBlocked: false,
});
const here = PRICES.providers.aws.regions['us-east-1'];
const from = end('clu_a', aws, 1);
const way = (endpoint: string, to: WayEnd, sender = from) =>
  wayOf(endpoint, sender, to, new Map([['203.0.113.9', aws]]), PRICES);

test('a private way costs what the peering costs, and nothing within a cluster', () => {
  expect(way('10.0.0.2:51820', end('clu_a', aws, 2))).toEqual({ kind: 'private', usdPerGb: 0 });
  expect(way('10.0.0.2:51820', end('clu_b', aws, 2))).toEqual({
    kind: 'private',
    usdPerGb: here?.peeringGb,
  });
});

test('a public way costs what the internet costs, to other clouds and to plain hosts', () => {
  for (const place of [{ provider: 'gcp', region: 'europe-west1' } as const, null])
    expect(way('203.0.113.2:51820', end('clu_b', place, 2))).toEqual({
      kind: 'public',
      usdPerGb: here?.internetGb,
    });
  expect(way('198.51.100.2:40000', end('clu_b', null, 2))).toMatchObject({ kind: 'observed' });
});

test('by a relay it is the relay that counts, and only on its relaying ports', () => {
  expect(way('203.0.113.9:20100', end('clu_b', null, 2))).toEqual({
    kind: 'relayed',
    usdPerGb: here?.otherZoneGb,
  });
  expect(way('203.0.113.9:51820', end('clu_b', null, 9)).kind).toBe('public');
});

test('over TLS for those who have no UDP; the others of such pairs come to the same ports by it', () => {
  const blocked = { ...end('clu_a', aws, 1), udpBlocked: true };
  expect(way('203.0.113.9:28100', end('clu_b', null, 2), blocked).kind).toBe('tls');
  expect(way('203.0.113.9:28101', blocked).kind).toBe('relayed');
  expect(way('127.0.0.1:28101', blocked).kind).toBe('tls');
});

test('what a plain host sends has no price that we know', () => {
  expect(way('203.0.113.2:51820', end('clu_b', aws, 2), end('clu_c', null, 3)).usdPerGb).toBeNull();
});
