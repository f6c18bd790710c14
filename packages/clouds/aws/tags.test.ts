import { expect, it } from 'vitest';
import { filtersFor, filtersForOwner, keyedBy, nameOf, taggedAs } from './tags.ts';

const at = { owner: { organizationId: 'org_1', networkId: 'net_1', clusterId: 'clu_1' }, key: 'instance/a' };

it('reads back what it wrote', () => {
  const [specification] = taggedAs('vpc', at, 'shop/prod');
  expect(specification?.ResourceType).toBe('vpc');
  expect(keyedBy(specification?.Tags)).toEqual(at);
  expect(nameOf(specification?.Tags)).toBe('shop/prod');
});

it('takes what lacks a tag for somebody else’s', () => {
  const tags = taggedAs('vpc', at, 'x')[0]?.Tags ?? [];
  for (const missing of tags.filter((tag) => tag.Key !== 'Name')) {
    expect(keyedBy(tags.filter((tag) => tag !== missing))).toBeUndefined();
  }
  expect(keyedBy(undefined)).toBeUndefined();
});

it('asks for one thing by all its tags, for an owner’s by those that are given', () => {
  expect(filtersFor(at)).toEqual([
    { Name: 'tag:skein-organization', Values: ['org_1'] },
    { Name: 'tag:skein-network', Values: ['net_1'] },
    { Name: 'tag:skein-cluster', Values: ['clu_1'] },
    { Name: 'tag:skein-key', Values: ['instance/a'] },
  ]);
  expect(filtersForOwner({ organizationId: 'org_1', clusterId: 'clu_1' })).toEqual([
    { Name: 'tag:skein-organization', Values: ['org_1'] },
    { Name: 'tag:skein-cluster', Values: ['clu_1'] },
  ]);
});
