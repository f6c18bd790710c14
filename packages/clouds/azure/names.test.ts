import fc from 'fast-check';
import { expect, it } from 'vitest';
import { groupNameFor, idOf, nameFor, parseId, sameId } from './names.ts';

const owner = {
  organizationId: 'org_0123456789abcdefghjk',
  networkId: 'net_0123456789abcdefghjk',
  clusterId: 'clu_0123456789abcdefghjk',
};

it('calls a cluster’s group after the cluster, and no other cluster’s so', () => {
  expect(groupNameFor(owner)).toMatch(/^skein-clu_0123456789abcdefghjk-[0-9a-f]{8}$/);
  const names = ['organizationId', 'networkId', 'clusterId'].map((field) =>
    groupNameFor({ ...owner, [field]: 'other' }),
  );
  expect(new Set([groupNameFor(owner), ...names]).size).toBe(4);
});

it.each([
  ['network', 'network'],
  ['firewall/gateway', 'firewall-gateway'],
  ['address/gw-1', 'address-gw-1'],
  ['instance/node-2', 'instance-node-2'],
])('calls %s %s', (key, name) => {
  expect(nameFor(key)).toBe(name);
});

it('gives every key a name that Azure takes', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 90 }), (key) => {
      expect(nameFor(key)).toMatch(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?$/);
    }),
  );
});

it('takes ids apart and puts them together, whatever their case', () => {
  const id = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/nodes';
  const parsed = parseId(id);
  expect(parsed).toEqual({
    subscriptionId: 's',
    group: 'g',
    type: 'Microsoft.Network/virtualNetworks/subnets',
    names: ['v', 'nodes'],
  });
  expect(parsed && idOf(parsed)).toBe(id);
  expect(parseId(id.toLowerCase().replace('microsoft', 'Microsoft'))?.names).toEqual(['v', 'nodes']);
  expect(sameId(id, id.toUpperCase())).toBe(true);
  for (const none of ['', 'vpc-1', '/subscriptions/s/resourceGroups/g', `${id}/more`])
    expect(parseId(none)).toBeUndefined();
});
