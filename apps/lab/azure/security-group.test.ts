/** Network security groups and their rules through the official client. */
import { randomUUID } from 'node:crypto';
import type { NetworkManagementClient, SecurityRule } from '@azure/arm-network';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AzureFixture, openFixture, POLL } from './fixture.ts';

let fixture: AzureFixture;
let network: NetworkManagementClient;
const G = 'group';
const location = 'westeurope';
beforeAll(async () => {
  fixture = await openFixture();
  network = fixture.network();
  await fixture.resources().resourceGroups.createOrUpdate(G, { location });
});
afterAll(() => fixture.close());

const rule = (name: string, priority: number, more: Partial<SecurityRule> = {}): SecurityRule => ({
  name,
  priority,
  direction: 'Inbound',
  access: 'Allow',
  protocol: 'Udp',
  sourceAddressPrefixes: ['198.18.64.1/32', '198.18.64.2/32'],
  sourcePortRange: '*',
  destinationAddressPrefix: '*',
  destinationPortRange: '51820',
  ...more,
});
const path = (type: string, name: string) =>
  `/resourceGroups/${G}/providers/Microsoft.Network/${type}/${name}?api-version=2026-01-01`;

describe('network security groups', () => {
  test('hold rules, with Azure’s own beside them', async () => {
    const made = await network.networkSecurityGroups.createOrUpdate(
      G,
      'rules',
      {
        location,
        securityRules: [
          rule('a', 100),
          rule('b', 4096, {
            access: 'Deny',
            protocol: '*',
            sourceAddressPrefixes: [],
            sourceAddressPrefix: '*',
          }),
        ],
      },
      POLL,
    );
    expect(made.securityRules).toMatchObject([
      {
        name: 'a',
        priority: 100,
        sourceAddressPrefixes: ['198.18.64.1/32', '198.18.64.2/32'],
        protocol: 'Udp',
        destinationPortRange: '51820',
      },
      { name: 'b', access: 'Deny', sourceAddressPrefix: '*', protocol: '*' },
    ]);
    expect(made.defaultSecurityRules?.map(({ name }) => name)).toContain('DenyAllInBound');
    // What a body does not name any more is gone.
    const fewer = await network.networkSecurityGroups.createOrUpdate(
      G,
      'rules',
      { location, securityRules: [rule('b', 4000)] },
      POLL,
    );
    expect(fewer.securityRules?.map(({ name }) => name)).toEqual(['b']);
    expect(fewer.etag).not.toBe(made.etag);
    await network.securityRules.createOrUpdate(G, 'rules', 'c', rule('c', 101), POLL);
    await network.securityRules.delete(G, 'rules', 'b', POLL);
    const after = await network.networkSecurityGroups.get(G, 'rules');
    expect(after.securityRules?.map(({ name }) => name)).toEqual(['c']);
  });

  test.each<[string, SecurityRule, string]>([
    ['priority twice', rule('twin', 101), 'SecurityRuleConflict'],
    ['priority too low', rule('x', 99), 'SecurityRuleInvalidPriority'],
    [
      'a port that is none',
      rule('x', 200, { destinationPortRange: '70000' }),
      'SecurityRuleInvalidPortRange',
    ],
    [
      'a source that is none',
      rule('x', 200, { sourceAddressPrefixes: ['10.0.0.300'] }),
      'SecurityRuleInvalidAddressPrefix',
    ],
    ['no source', rule('x', 200, { sourceAddressPrefixes: [] }), 'SecurityRuleParameterNotSpecified'],
    ['a protocol that is none', rule('x', 200, { protocol: 'Gopher' }), 'InvalidRequestFormat'],
  ])('refuse a rule with %s', async (_, bad, code) => {
    await expect(
      network.securityRules.createOrUpdate(G, 'rules', bad.name ?? '', bad, POLL),
    ).rejects.toMatchObject({ statusCode: 400, code });
  });

  test('change only for who saw them as they are', async () => {
    const { etag } = await network.networkSecurityGroups.get(G, 'rules');
    const tagged = { location, tags: { seen: randomUUID() } };
    const put = (match: string) =>
      fixture.ask('PUT', path('networkSecurityGroups', 'rules'), tagged, { 'if-match': match });
    const stale = await put('W/"00000000"');
    expect([stale.status, stale.body.error.code]).toEqual([412, 'PreconditionFailed']);
    const fresh = await put(etag ?? '');
    expect(fresh.status).toBe(200);
    await fixture.follow(fresh);
    const first = await fixture.ask('PUT', path('networkSecurityGroups', 'rules'), tagged, {
      'if-none-match': '*',
    });
    expect(first.status).toBe(412);
  });
});
