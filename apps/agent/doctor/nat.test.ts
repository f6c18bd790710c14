import { expect, test } from 'vitest';
import type { PeerMeasure } from './facts.ts';
import { natKind } from './nat.ts';

const seen = (seenAs: string | null, endpointKind = 'public', plane = 0) =>
  ({ seenAs, endpointKind, plane }) as PeerMeasure;
const own = ['10.0.0.5'];

test.each([
  ['none', [seen('10.0.0.5:51820'), seen('10.0.0.5:51820')]],
  ['unknown', [seen('10.0.0.5:51820', 'private')]],
  ['unknown', [seen(null)]],
  ['unknown', [seen('198.51.100.1:4000')]],
  ['steady', [seen('198.51.100.1:4000'), seen('198.51.100.1:4000'), seen('10.0.0.5:51820', 'private')]],
  ['per-peer', [seen('198.51.100.1:4000'), seen('198.51.100.1:4001')]],
  ['unknown', [seen('198.51.100.1:4000'), seen('198.51.100.1:4001', 'public', 1)]],
] as const)('%s', (kind, peers) => {
  expect(natKind(own, peers)).toBe(kind);
});
