import { describe, expect, it } from 'vitest';
import { permissionsOf } from '../rule-set.ts';
import { heldRules, sameFirewall, wantedFirewalls } from './firewall-rules.ts';

const rules = [
  {
    protocol: 'udp' as const,
    fromPort: 51820,
    toPort: 51820,
    cidrs: ['1.1.1.1/32', '2.2.2.2/32'],
    description: 'gateways',
  },
  {
    protocol: 'tcp' as const,
    fromPort: 8000,
    toPort: 8100,
    cidrs: ['10.64.0.0/20'],
    description: 'own cluster',
  },
];
const at = {
  tag: 'skein-firewall-gateway-0',
  network: 'projects/p/global/networks/n',
  description: (note: string) => `skein … | ${note}`,
};

describe('wantedFirewalls', () => {
  it('is one object a protocol and port range, for the instances with the tag', () => {
    const wanted = wantedFirewalls(permissionsOf(rules), at, []);
    expect([...wanted.keys()]).toEqual([`${at.tag}-tcp-8000-8100`, `${at.tag}-udp-51820`]);
    expect(wanted.get(`${at.tag}-udp-51820`)).toEqual({
      name: `${at.tag}-udp-51820`,
      description: 'skein … | gateways',
      network: at.network,
      direction: 'INGRESS',
      priority: 1000,
      disabled: false,
      sourceRanges: ['1.1.1.1/32', '2.2.2.2/32'],
      targetTags: [at.tag],
      allowed: [{ IPProtocol: 'udp', ports: ['51820'] }],
    });
  });

  it('is several objects where one cannot hold the sources, and one source more changes one of them', () => {
    const cidrs = Array.from({ length: 5001 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`);
    const many = (count: number) =>
      permissionsOf(rules.slice(0, 1).map((rule) => ({ ...rule, cidrs: cidrs.slice(0, count) })));
    const names = [`${at.tag}-udp-51820`, `${at.tag}-udp-51820-part2`];
    const whole = wantedFirewalls(many(5000), at, []);
    expect([...whole.keys()]).toEqual(names.slice(0, 1));
    const more = wantedFirewalls(many(5001), at, [...whole.values()]);
    expect([...more.keys()]).toEqual(names);
    expect(more.get(names[0] ?? '')).toEqual(whole.get(names[0] ?? ''));
    expect(more.get(names[1] ?? '')?.sourceRanges).toEqual([cidrs[5000]]);
    expect(heldRules([...more.values()]).rules[0]?.cidrs).toHaveLength(5001);
  });

  it('without rules allows nothing, and still is there', () => {
    const [only, ...rest] = wantedFirewalls([], at, []).values();
    expect(rest).toEqual([]);
    expect(only).toMatchObject({ denied: [{ IPProtocol: 'all' }], priority: 65534 });
    expect(only?.allowed).toBeUndefined();
  });
});

describe('heldRules', () => {
  it('reads back what was written', () => {
    const held = [...wantedFirewalls(permissionsOf(rules), at, []).values()];
    expect(heldRules(held)).toEqual({ rules: [rules[1], rules[0]], foreign: [] });
    expect(heldRules([...wantedFirewalls([], at, []).values()])).toEqual({ rules: [], foreign: [] });
  });

  it('names what the form cannot say', () => {
    const held = [
      { name: 'a', allowed: [{ IPProtocol: 'icmp' }], sourceRanges: ['0.0.0.0/0'] },
      { name: 'b', allowed: [{ IPProtocol: 'tcp' }], sourceTags: ['x'] },
      { name: 'c', allowed: [{ IPProtocol: 'all' }], disabled: true },
    ];
    expect(heldRules(held)).toEqual({
      rules: [],
      foreign: ['a: all of icmp', 'b: from tags or service accounts', 'b: all of tcp'],
    });
  });
});

describe('sameFirewall', () => {
  const one = [...wantedFirewalls(permissionsOf(rules), at, []).values()][1];
  if (!one) throw new Error('no firewall');
  it('minds no order and no description', () => {
    expect(
      sameFirewall(one, { ...one, sourceRanges: ['2.2.2.2/32', '1.1.1.1/32'], description: 'other' }),
    ).toBe(true);
  });
  it.each([
    { sourceRanges: ['1.1.1.1/32'] },
    { sourceTags: ['x'] },
    { targetTags: [] },
    { disabled: true },
    { priority: 1 },
    { allowed: [{ IPProtocol: 'udp', ports: ['51820', '51821'] }] },
    { allowed: [{ IPProtocol: 'udp' }] },
  ])('sees %j', (change) => {
    expect(sameFirewall(one, { ...one, ...change })).toBe(false);
  });
});
