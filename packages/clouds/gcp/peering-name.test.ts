import { expect, test } from 'vitest';
import { halfIn, peeringName } from './peering-name.ts';

const whose = { organizationId: 'org_00000000000000000001', networkId: 'net_00000000000000000002' };
const near = 'clu_4k2m8x0a9b3c5d7e1f6g';
const far = 'clu_zyxwvtsrqpnmkjhgfedc';
const at = { owner: { ...whose, clusterId: near }, key: `peering/${far}` };

test('a half’s name fits, says both clusters, and is read back by its owner alone', () => {
  const name = peeringName(at);
  expect(name).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
  expect(halfIn(name, whose)).toEqual(at);
  expect(halfIn(name, { ...whose, organizationId: 'org_other' })).toBeUndefined();
  expect(halfIn(name, { ...whose, networkId: 'net_other' })).toBeUndefined();
  expect(halfIn(name, undefined)).toBeUndefined();
  expect(halfIn('skein-something-else', whose)).toBeUndefined();
});

test('what names no other cluster is no peering', () => {
  expect(() => peeringName({ ...at, key: 'network' })).toThrow('names no peering');
});
