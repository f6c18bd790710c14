import { expect, test } from 'vitest';
import { PRACTICE } from '../testing/networks.ts';
import { namesOf } from './view.ts';
import { privateZoneRecords, publicZoneRecords } from './zone.ts';

const text = (records: readonly { name: string; addresses: string[] }[]) =>
  records.map((record) => `${record.name.replace('.shop.skein.test', '')} ${record.addresses.join(' ')}`);

test('each view of a cluster’s names', () => {
  const part = PRACTICE.parts.get('clu_dr');
  expect(part && namesOf(part, 'shop.skein.test')).toEqual([
    {
      name: 'dr.shop.skein.test',
      inside: ['10.64.16.10', '10.64.16.11'],
      outside: ['203.0.113.9'],
      public: ['203.0.113.9'],
    },
    {
      name: 'gw-1.dr.shop.skein.test',
      inside: ['10.64.16.10'],
      outside: ['100.64.1.1'],
      public: ['100.64.1.1'],
    },
    {
      name: 'gw-2.dr.shop.skein.test',
      inside: ['10.64.16.11'],
      outside: ['100.64.1.2'],
      public: ['203.0.113.9'],
    },
  ]);
});

test('a peer without IPv6 is named so, and with a gateway without it all that it leads to', () => {
  const part = PRACTICE.parts.get('clu_prod');
  const without = (name: string) =>
    (part &&
      namesOf(
        { ...part, peers: part.peers.map((peer) => ({ ...peer, ipv4Only: peer.name === name })) },
        'shop.skein.test',
      )
        .filter((view) => view.ipv4Only)
        .map((view) => view.name.split('.')[0])) ??
    [];
  expect(without('nobody')).toEqual([]);
  expect(without('node-1')).toEqual(['node-1']);
  expect(without('gw-1')).toEqual(['gw-1', 'node-1', 'node-2', 'prod']);
});

test('a cluster none of whose gateways has a public address is reached over the overlay', () => {
  const part = PRACTICE.parts.get('clu_dr');
  const hidden = part && { ...part, peers: part.peers.map((peer) => ({ ...peer, publicAddress: null })) };
  expect(hidden && namesOf(hidden, 'shop.skein.test')[0]?.public).toEqual(['100.64.1.1', '100.64.1.2']);
});

test('the public zone answers public addresses where there are any', () => {
  expect(text(publicZoneRecords(PRACTICE))).toEqual([
    'node-1.dev 100.64.2.1',
    'node-2.dev 100.64.2.2',
    'dr 203.0.113.9',
    'gw-1.dr 100.64.1.1',
    'gw-2.dr 203.0.113.9',
    'gw-1.prod 203.0.113.1',
    'node-1.prod 203.0.113.2',
    'node-2.prod 100.64.0.3',
    'prod 203.0.113.1',
  ]);
});

test('a cluster’s private zone holds its own names alone, with private addresses', () => {
  expect(text(privateZoneRecords(PRACTICE, 'clu_prod'))).toEqual([
    'gw-1.prod 10.64.0.10',
    'node-1.prod 10.64.0.11',
    'node-2.prod 10.64.0.12',
    'prod 10.64.0.10',
  ]);
  expect(privateZoneRecords(PRACTICE, 'clu_gone')).toEqual([]);
});
