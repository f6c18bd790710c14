import { expect, it } from 'vitest';
import { groupFilter, isOf, keyedBy, ownerIn, ownerTags } from './tags.ts';

const owner = { organizationId: 'org_1', networkId: 'net_1', clusterId: 'clu_1' };
const at = { owner, key: 'firewall/gateway' };

it('reads what it wrote, and nothing of what is not wholly ours', () => {
  const tags = ownerTags(at, 'shop/prod gateway');
  expect(keyedBy(tags)).toEqual({ ...at, part: null });
  expect(isOf(tags, at)).toBe(true);
  expect(isOf(tags, { ...at, key: 'firewall/member' })).toBe(false);
  expect(isOf(tags, { ...at, owner: { ...owner, clusterId: 'clu_2' } })).toBe(false);
  expect(keyedBy({ ...tags, 'skein-key': '' })).toBeUndefined();
  expect(keyedBy(undefined)).toBeUndefined();
  expect(ownerIn({ 'skein-organization': 'org_1' })).toBeUndefined();
});

it('tells a part of a resource from the resource', () => {
  const tags = ownerTags(at, 'gw', 'interface');
  expect(isOf(tags, at)).toBe(false);
  expect(isOf(tags, at, 'interface')).toBe(true);
});

it('reads tags in whatever case Azure gives their names, and writes names that Azure takes', () => {
  const tags = ownerTags(at, 'n');
  const shouted = Object.fromEntries(
    Object.entries(tags).map(([name, value]) => [name.toUpperCase(), value]),
  );
  expect(isOf(shouted, at)).toBe(true);
  for (const name of Object.keys(tags)) expect(name).not.toMatch(/[<>%&\\?/]/);
});

it('asks for an organization’s groups, whatever it is called', () => {
  expect(groupFilter("o'x")).toBe("tagName eq 'skein-organization' and tagValue eq 'o''x'");
});
