import { expect, it } from 'vitest';
import { ownerHash, ownerIn, ownerText, sameOwner } from './zone-owner.ts';

const owner = { organizationId: 'org_1', networkId: 'net_1', key: 'private/clu_1' };

it('is read as it was written', () => {
  expect(ownerIn(ownerText(owner))).toEqual(owner);
  expect(sameOwner(ownerIn(ownerText(owner)), owner)).toBe(true);
});

it.each([undefined, null, '', 'my zone', `${ownerText(owner)} and more`])('is not read from %j', (text) => {
  expect(ownerIn(text)).toBeUndefined();
});

it('differs, and its hash with it, in each part', () => {
  const others = [
    { ...owner, organizationId: 'org_2' },
    { ...owner, networkId: 'net_2' },
    { ...owner, key: 'public' },
  ];
  for (const other of others) expect(sameOwner(other, owner)).toBe(false);
  expect(new Set([owner, ...others].map(ownerHash)).size).toBe(4);
});
