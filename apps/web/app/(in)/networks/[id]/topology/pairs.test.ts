import type { Link } from '@skein/contract/rest/peer.ts';
import { expect, test } from 'vitest';
import { pairsOf } from './pairs.ts';

const link = (from: string, to: string, state: Link['state'], rttMilliseconds: number | null): Link => ({
  from,
  to,
  state,
  rttMilliseconds,
  endpoint: null,
  way: null,
  lastHandshakeAt: null,
  receivedBytes: 0,
  sentBytes: 0,
  reportedAt: '2026-11-20T19:00:00.000Z',
});

test('both ends make one pair, with the mean of their round-trip times', () => {
  const pairs = pairsOf([link('b', 'a', 'up', 4), link('a', 'b', 'up', 2), link('c', 'a', 'idle', null)]);
  expect(pairs.map(({ id, state, rttMilliseconds }) => ({ id, state, rttMilliseconds }))).toEqual([
    { id: 'a b', state: 'up', rttMilliseconds: 3 },
    { id: 'a c', state: 'idle', rttMilliseconds: null },
  ]);
});

test('one end that tries in vain makes the pair down', () => {
  expect(pairsOf([link('a', 'b', 'up', 2), link('b', 'a', 'down', null)])[0]?.state).toBe('down');
  expect(pairsOf([link('a', 'b', 'up', 2), link('b', 'a', 'idle', null)])[0]?.state).toBe('idle');
});
