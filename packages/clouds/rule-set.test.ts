import { describe, expect, it } from 'vitest';
import type { FirewallRule } from './provider.ts';
import { identityOf, permissionChanges, permissionsOf, rulesOf } from './rule-set.ts';

const rule = (protocol: 'udp' | 'tcp', port: number, ...cidrs: string[]): FirewallRule => ({
  protocol,
  fromPort: port,
  toPort: port,
  cidrs,
  description: 'why',
});
const named = (rules: FirewallRule[]) => permissionsOf(rules).map(identityOf);

describe('permissionsOf and rulesOf', () => {
  it('take apart and put together, each permission once, sorted', () => {
    const rules = [
      rule('udp', 51820, '2.2.2.2/32', '1.1.1.1/32'),
      rule('tcp', 22, '9.9.9.9/32'),
      rule('udp', 51820, '1.1.1.1/32'),
    ];
    expect(named(rules)).toEqual([
      'tcp 22-22 9.9.9.9/32',
      'udp 51820-51820 1.1.1.1/32',
      'udp 51820-51820 2.2.2.2/32',
    ]);
    expect(rulesOf(permissionsOf(rules))).toEqual([
      rule('tcp', 22, '9.9.9.9/32'),
      rule('udp', 51820, '1.1.1.1/32', '2.2.2.2/32'),
    ]);
  });

  it.each(['0.0.0.0/0', '::/0', '10.0.0.0/0'])('refuse the world as %s', (cidr) => {
    expect(() => permissionsOf([rule('udp', 51820, cidr)])).toThrowError(
      expect.objectContaining({ code: 'invalid' }),
    );
  });
});

describe('permissionChanges', () => {
  it.each([
    {
      name: 'nothing',
      current: [rule('udp', 1, '1.1.1.1/32')],
      wanted: [rule('udp', 1, '1.1.1.1/32')],
      revoke: [],
      authorize: [],
    },
    {
      name: 'all new',
      current: [],
      wanted: [rule('udp', 1, '1.1.1.1/32')],
      revoke: [],
      authorize: ['udp 1-1 1.1.1.1/32'],
    },
    {
      name: 'all gone',
      current: [rule('udp', 1, '1.1.1.1/32')],
      wanted: [],
      revoke: ['udp 1-1 1.1.1.1/32'],
      authorize: [],
    },
    {
      name: 'another protocol on the same port and source',
      current: [rule('tcp', 1, '1.1.1.1/32')],
      wanted: [rule('udp', 1, '1.1.1.1/32')],
      revoke: ['tcp 1-1 1.1.1.1/32'],
      authorize: ['udp 1-1 1.1.1.1/32'],
    },
    {
      name: 'one source of two replaced',
      current: [rule('udp', 1, '1.1.1.1/32', '2.2.2.2/32')],
      wanted: [rule('udp', 1, '2.2.2.2/32', '3.3.3.3/32')],
      revoke: ['udp 1-1 1.1.1.1/32'],
      authorize: ['udp 1-1 3.3.3.3/32'],
    },
  ])('$name', ({ current, wanted, revoke, authorize }) => {
    const changes = permissionChanges(permissionsOf(current), permissionsOf(wanted));
    expect(changes.revoke.map(identityOf)).toEqual(revoke);
    expect(changes.authorize.map(identityOf)).toEqual(authorize);
  });

  it('take a changed description for no change', () => {
    const [one] = permissionsOf([rule('udp', 1, '1.1.1.1/32')]);
    if (!one) throw new Error('no permission');
    expect(permissionChanges([one], [{ ...one, description: 'other' }])).toEqual({
      revoke: [],
      authorize: [],
    });
  });
});
