import { spawnSync } from 'node:child_process';
import type { MapRule, NetworkMap } from '@skein/contract/agent/map.ts';
import { twinsOf } from '@skein/mesh/ipam/twin.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import { anyRows, toSnapshot } from '@skein/mesh/testing/networks.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gatewayMap, memberMap } from '../fixture/map.ts';
import { markOf, renderFilter, renderReplacement } from './render.ts';

/** What of a filter concerns IPv4; and what concerns IPv6, told in the words of IPv4. */
const SETS = {
  four: / {2}set set_\d+ \{\n.*\n.*\n {2}\}\n/g,
  six: / {2}set set_six_\d+ \{\n.*\n.*\n {2}\}\n/g,
};
const without = (text: string, sets: RegExp, words: RegExp) =>
  text
    .replace(sets, '')
    .split('\n')
    .filter((one) => !words.test(one))
    .join('\n');
const viewOfFour = (text: string) => without(text, SETS.six, /\b(ip6|icmpv6|ipv6-icmp|ipv6)\b/);
const viewOfSix = (text: string, networkId: string) => {
  const { origin } = twinsOf(networkId);
  return without(text, SETS.four, /(?<![-\w])(ip|icmp)(?!\w)/)
    .replaceAll('ipv6-icmp', 'icmp')
    .replaceAll('icmpv6', 'icmp')
    .replaceAll(', packet-too-big', '')
    .replaceAll('ip6', 'ip')
    .replaceAll('ipv6_addr', 'ipv4_addr')
    .replaceAll('set_six_', 'set_')
    .replace(/\bfd[0-9a-f:]+(?:\/(\d+))?/g, (address, length) =>
      length === undefined ? `${origin(address)}` : `${origin(address)}/${Number(length) - 96}`,
    );
};

const OURS = '{ "skein0", "skein1", "skein2", "skein3" }';
const hooks = (passing: string) => `  chain input {
    type filter hook input priority -5; policy accept;
    iifname ${OURS} goto to_node
    iifname != "lo" ip saddr 100.64.0.0/16 counter drop
  }
  chain output {
    type filter hook output priority -5; policy accept;
    oifname ${OURS} ct direction reply ct state established goto answered_here
  }
  chain forward {
    type filter hook forward priority -5; policy accept;
    iifname ${OURS} goto through_node
    oifname ${OURS} counter drop
  }
  chain passing_by {
    type filter hook prerouting priority -300; policy accept;
${passing}  }
  chain clamp {
    type filter hook forward priority -4; policy accept;
    iifname "skein*" tcp flags syn tcp option maxseg size set rt mtu
    oifname "skein*" tcp flags syn tcp option maxseg size set rt mtu
  }`;

test('a gateway with the simple form of a policy', () => {
  expect(viewOfFour(renderFilter(gatewayMap))).toBe(`  chain begun_here {
    icmp type echo-request accept
    tcp dport { 80, 443 } accept
    udp dport { 9000 } accept
    counter drop
  }
  chain answered_here {
    ip daddr 100.64.1.0/24 accept
    meta l4proto { tcp, udp } th sport 53 accept
    udp sport { 51880, 51881, 51882 } accept
    icmp type echo-reply accept
    tcp sport { 80, 443 } accept
    udp sport { 9000 } accept
    counter drop
  }
  chain to_node {
    ip saddr 100.64.1.0/24 accept
    ip saddr != 100.64.0.0/16 counter drop
    ct direction reply ct state established,related accept
    ip daddr != 100.64.1.11 counter drop
    meta l4proto icmp ct state related accept
    meta l4proto { tcp, udp } th dport 53 accept
    udp dport { 51880, 51881, 51882 } accept
    goto begun_here
  }
  chain begun_through {
    icmp type echo-request accept
    tcp dport { 80, 443 } accept
    udp dport { 9000 } accept
  }
  chain answered_through {
    tcp flags & (syn | ack) == syn return
    icmp type echo-reply accept
    tcp sport { 80, 443 } accept
    udp sport { 9000 } accept
  }
  chain through_node {
    oifname != ${OURS} counter drop
    ip saddr != 100.64.0.0/16 counter drop
    ip daddr != 100.64.0.0/16 counter drop
    ip saddr 100.64.1.0/24 accept
    ip daddr != 100.64.1.0/24 counter drop
    icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
    jump begun_through
    jump answered_through
    counter drop
  }
${hooks(`    iifname ${OURS} ip daddr 100.64.0.0/16 ip daddr != 100.64.1.11 notrack\n`)}`);
});

const RULES: MapRule[] = [
  { action: 'deny', from: 'peer:b9.b', to: null, protocol: 'any', ports: [] },
  {
    action: 'allow',
    from: 'label:tier=web',
    to: null,
    protocol: 'tcp',
    ports: [
      [5432, 5432],
      [8000, 8099],
    ],
  },
  { action: 'allow', from: 'any', to: null, protocol: 'udp', ports: [] },
];
const ADDRESS_SETS = [
  { id: 'any', cidrs: ['100.64.0.0/16'] },
  { id: 'label:tier=web', cidrs: ['100.64.1.13/32', '100.64.2.0/25'] },
  { id: 'peer:b9.b', cidrs: ['100.64.2.9/32'] },
];
const withRules = (map: NetworkMap, self: Partial<NetworkMap['self']>): NetworkMap => ({
  ...map,
  self: { ...map.self, ...self },
  addressSets: ADDRESS_SETS,
});

test('a member with rules over peers and labels; it forwards nothing', () => {
  expect(viewOfFour(renderFilter(withRules(memberMap, { rules: RULES })))).toBe(`  set set_1 {
    type ipv4_addr; flags interval;
    elements = { 100.64.1.13/32, 100.64.2.0/25 }
  }
  chain begun_here {
    ip saddr 100.64.2.9/32 counter drop
    ip saddr @set_1 tcp dport { 5432, 8000-8099 } accept
    meta l4proto udp accept
    counter drop
  }
  chain answered_here {
    ip daddr 100.64.1.0/24 accept
    udp sport { 51880, 51881, 51882 } accept
    ip daddr 100.64.2.9/32 counter drop
    ip daddr @set_1 tcp sport { 5432, 8000-8099 } accept
    meta l4proto udp accept
    counter drop
  }
  chain to_node {
    ip saddr 100.64.1.0/24 accept
    ip saddr != 100.64.0.0/16 counter drop
    ct direction reply ct state established,related accept
    ip daddr != 100.64.1.12 counter drop
    meta l4proto icmp ct state related accept
    udp dport { 51880, 51881, 51882 } accept
    goto begun_here
  }
  chain through_node {
    counter drop
  }
${hooks('')}`);
});

test('where a rule denies something within the cluster, or all is denied there, the rules hold there too', () => {
  const begun = (self: Partial<NetworkMap['self']>) => {
    const text = viewOfFour(renderFilter(withRules(memberMap, self)));
    expect(text.includes('ip saddr 100.64.1.0/24 accept\n    ip saddr != ')).toBe(false);
    return /chain begun_here \{\n([^}]*)\n {2}\}/
      .exec(text)?.[1]
      ?.split('\n')
      .map((one) => one.trim());
  };
  const deny: MapRule = { action: 'deny', from: 'label:tier=web', to: null, protocol: 'icmp', ports: [] };
  const inside = 'ip saddr @set_1 icmp type echo-request counter drop';
  expect(begun({ rules: [deny] })).toEqual([inside, 'ip saddr 100.64.1.0/24 accept', 'counter drop']);
  expect(begun({ rules: [], defaults: { withinCluster: 'deny', elsewhere: 'allow' } })).toEqual([
    'ip saddr 100.64.1.0/24 counter drop',
    'accept',
  ]);
  expect(begun({ rules: [], defaults: { withinCluster: 'deny', elsewhere: 'deny' } })).toEqual([
    'counter drop',
  ]);
  expect(begun({ rules: [deny], defaults: { withinCluster: 'allow', elsewhere: 'allow' } })).toEqual([
    inside,
    'accept',
  ]);
});

test('a gateway of a topology of many hops passes on what is judged elsewhere; a denial ends its way alone', () => {
  const passing = RULES.map((rule) => ({ ...rule, to: 'label:tier=web' }));
  const text = viewOfFour(
    renderFilter(
      withRules(gatewayMap, {
        topology: 'structured',
        passing,
        defaults: { withinCluster: 'allow', elsewhere: 'allow' },
      }),
    ),
  );
  expect(text).toContain('    ip daddr != 100.64.1.0/24 accept\n');
  expect(text).toContain(`  chain begun_through {
    ip saddr 100.64.2.9/32 ip daddr @set_1 return
    ip saddr @set_1 ip daddr @set_1 tcp dport { 5432, 8000-8099 } accept
    ip daddr @set_1 meta l4proto udp accept
    accept
  }
  chain answered_through {
    tcp flags & (syn | ack) == syn return
    ip daddr 100.64.2.9/32 ip saddr @set_1 return
    ip daddr @set_1 ip saddr @set_1 tcp sport { 5432, 8000-8099 } accept
    ip saddr @set_1 meta l4proto udp accept
    accept
  }`);
});

test('what is said of IPv4 is said of IPv6, of the same peers and in the same order', () => {
  const { of, ofCidr, cidr } = twinsOf('net_test');
  const text = renderFilter(gatewayMap);
  expect(text).toContain(`    ip6 saddr ${ofCidr('100.64.1.0/24')} accept
    ip saddr != 100.64.0.0/16 counter drop
    ip6 saddr != ${ofCidr('100.64.0.0/16')} counter drop
    ct direction reply ct state established,related accept
    ip daddr != 100.64.1.11 counter drop
    ip6 daddr != ${of('100.64.1.11')} counter drop
`);
  expect(text).toContain(
    'icmpv6 type { destination-unreachable, time-exceeded, parameter-problem, packet-too-big } accept',
  );
  expect(text).toContain(`    iifname != "lo" ip6 saddr ${ofCidr('100.64.0.0/16')} counter drop\n`);
  expect(cidr.endsWith('/96')).toBe(true);
  fc.assert(
    fc.property(anyRows.map(toSnapshot), (snapshot) => {
      for (const part of snapshot.parts.values())
        for (const peer of part.peers) {
          const map = buildMap(snapshot, part.cluster.id, peer.id);
          if (!map) throw new Error('no map');
          // What is behind a node speaks no IPv6 with the network.
          const pods = { ...map.self.pods, own: [] };
          const rules = renderFilter({ ...map, self: { ...map.self, ranges: [], pods } });
          expect(viewOfSix(rules, map.networkId)).toBe(viewOfFour(rules));
        }
    }),
    { numRuns: 60 },
  );
});

test('a node that forwards IPv6 for us alone passes none between its own interfaces', () => {
  const text = renderFilter(gatewayMap, ['eth0', 'eth1.7']);
  expect(text).toContain(
    '    meta nfproto ipv6 iifname { "eth0", "eth1.7" } oifname { "eth0", "eth1.7" } counter drop\n',
  );
  expect(viewOfFour(text)).toBe(viewOfFour(renderFilter(gatewayMap)));
});

test('equal rules carry the same mark, others another, and the replacement is one transaction', () => {
  const rules = renderFilter(gatewayMap);
  expect(markOf(rules)).toMatch(/^applied_[0-9a-f]{16}$/);
  expect(markOf(renderFilter({ ...gatewayMap, number: 8 }))).toBe(markOf(rules));
  expect(markOf(renderFilter(memberMap))).not.toBe(markOf(rules));
  expect(renderReplacement('  rules')).toBe(
    `table inet skein\ndelete table inet skein\ntable inet skein {\n  chain ${markOf('  rules')} {\n  }\n  rules\n}\n`,
  );
});

const RANGES: NetworkMap['self']['ranges'] = [
  { cidr: '10.42.0.0/16', overlayCidr: '242.0.0.0/16', replies: 'routed', alone: false },
  { cidr: '10.9.9.9/32', overlayCidr: '242.1.0.7/32', replies: 'routed', alone: false },
  { cidr: '10.50.0.0/24', overlayCidr: '242.1.1.0/24', replies: 'masqueraded', alone: false },
  { cidr: '10.60.0.0/24', overlayCidr: '242.1.2.0/24', replies: 'routed', alone: true },
];
const carrier = (map: NetworkMap, ranges = RANGES) =>
  withRules(map, {
    ranges,
    clusterRanges: ['242.0.0.0/16', '242.1.0.7/32', '242.1.1.0/24', '242.1.2.0/24'],
    rangesCidr: '242.0.0.0/8',
  });
const chainOf = (text: string, name: string) =>
  new RegExp(`  chain ${name} \\{\\n([^}]*(?:\\{[^}]*\\}[^}]*)*?)\\n  \\}`)
    .exec(text)?.[1]
    ?.split('\n')
    .map((one) => one.trim());

test('ranges are judged in the network’s addresses: before they are translated, and after it on the way out', () => {
  const text = renderFilter(carrier(gatewayMap));
  const [inside, outside] = [
    '{ 10.42.0.0/16, 10.9.9.9/32, 10.50.0.0/24, 10.60.0.0/24 }',
    '{ 242.0.0.0/16, 242.1.0.7/32, 242.1.1.0/24, 242.1.2.0/24 }',
  ];
  expect(chainOf(text, 'to_ranges')).toEqual([
    `ip daddr ${inside} counter drop`,
    `ip daddr != ${outside} accept`,
    'ip saddr != { 100.64.0.0/16, 242.0.0.0/8 } counter drop',
    'ip daddr { 242.1.1.0/24, 242.1.2.0/24 } accept',
    'icmp type { destination-unreachable, time-exceeded, parameter-problem } accept',
    'jump begun_behind',
    'jump answered_behind',
    'counter drop',
  ]);
  expect(chainOf(text, 'from_ranges')).toEqual([
    `ip saddr ${inside} counter drop`,
    'ip saddr { 242.1.1.0/24, 242.1.2.0/24 } goto remembered',
    'ip saddr { 242.0.0.0/16, 242.1.0.7/32 } goto from_shared',
  ]);
  expect(chainOf(text, 'out_of_ranges')).toEqual([
    'ip daddr != { 100.64.0.0/16, 242.0.0.0/8 } counter drop',
    'ip saddr { 10.42.0.0/16, 10.9.9.9/32, 10.60.0.0/24 } accept',
    'ct direction reply ct original ip daddr 242.1.1.0/24 accept',
    'counter drop',
  ]);
  // Within the cluster, whatever is behind it, the other default holds.
  const own = `{ 100.64.1.0/24, ${outside.slice(2)}`;
  expect(chainOf(text, 'begun_behind')?.at(-1)).toBe(`ip saddr ${own} ip daddr ${own} accept`);
  const remembered = 'ip daddr { 10.50.0.0/24, 10.60.0.0/24 }';
  expect(chainOf(text, 'through_node')?.slice(0, 4)).toEqual([
    `oifname != ${OURS} ip daddr { 10.42.0.0/16, 10.9.9.9/32 } accept`,
    `oifname != ${OURS} ${remembered} ct direction reply accept`,
    `oifname != ${OURS} ${remembered} ct original ip daddr { 242.1.1.0/24, 242.1.2.0/24 } accept`,
    `oifname != ${OURS} counter drop`,
  ]);
});

test('what several gateways carry is translated without state, the rest by conntrack, questions told from answers', () => {
  const text = renderFilter(carrier(gatewayMap));
  expect(chainOf(text, 'ranges_shared_in')).toEqual([
    'type filter hook prerouting priority -305; policy accept;',
    `iifname ${OURS} ip daddr 242.0.0.0/16 ip daddr set ip daddr & 0.0.255.255 | 10.42.0.0`,
    `iifname ${OURS} ip daddr 242.1.0.7/32 ip daddr set 10.9.9.9`,
  ]);
  expect(chainOf(text, 'ranges_shared_out')?.slice(1)).toEqual([
    `oifname ${OURS} ip saddr 10.42.0.0/16 ip saddr set ip saddr & 0.0.255.255 | 242.0.0.0`,
    `oifname ${OURS} ip saddr 10.9.9.9/32 ip saddr set 242.1.0.7`,
  ]);
  expect(chainOf(text, 'remembered')).toEqual([
    'meta l4proto icmp ct state related accept',
    'ct direction reply jump answered_behind',
    'ct direction original jump begun_behind',
    'counter drop',
  ]);
  expect(chainOf(text, 'ranges_remembered_to')?.slice(1)).toEqual([
    `iifname ${OURS} dnat ip prefix to ip daddr map { 242.1.1.0/24 : 10.50.0.0/24 }`,
    `iifname ${OURS} dnat ip prefix to ip daddr map { 242.1.2.0/24 : 10.60.0.0/24 }`,
  ]);
  expect(chainOf(text, 'ranges_remembered_from')?.slice(1)).toEqual([
    `oifname ${OURS} snat ip prefix to ip saddr map { 10.60.0.0/24 : 242.1.2.0/24 }`,
    `oifname != ${OURS} ct original ip daddr 242.1.1.0/24 masquerade`,
  ]);
});

test('who carries no range knows of translated addresses, and translates none; a member may carry one', () => {
  const other = renderFilter(carrier(memberMap, []));
  expect(other).toContain('ip saddr != { 100.64.0.0/16, 242.0.0.0/8 } counter drop');
  expect(other).not.toMatch(/nat hook|postrouting/);
  const carrying = renderFilter(carrier(memberMap, RANGES.slice(0, 1)));
  expect(chainOf(carrying, 'through_node')).toEqual([
    `oifname != ${OURS} ip daddr 10.42.0.0/16 accept`,
    'counter drop',
  ]);
  expect(carrying).not.toContain('masquerade');
});

test('200 rules over 1,000 peers are rendered in less than 50 ms', () => {
  const cidrs = Array.from({ length: 1000 }, (_, at) => `100.64.${10 + (at >> 7)}.${(at & 127) * 2}/32`);
  const passing: MapRule[] = Array.from({ length: 200 }, (_, at) => ({
    action: 'allow',
    from: 'label:tier=web',
    to: 'label:tier=web',
    protocol: 'tcp',
    ports: [[1000 + at, 1000 + at]],
  }));
  const map: NetworkMap = {
    ...gatewayMap,
    self: { ...gatewayMap.self, passing, rules: passing.map((rule) => ({ ...rule, to: null })) },
    addressSets: [{ id: 'label:tier=web', cidrs }],
  };
  // The best of some, for the machine may be busy with others.
  const took = Array.from({ length: 8 }, () => {
    const start = performance.now();
    markOf(renderFilter(map));
    return performance.now() - start;
  });
  expect(Math.min(...took)).toBeLessThan(50);
});

const canCheck = spawnSync('nft', ['--version']).status === 0 && process.getuid?.() === 0;
test.skipIf(!canCheck)('nftables itself reads what is rendered', () => {
  const maps = [
    gatewayMap,
    memberMap,
    withRules(memberMap, { rules: RULES }),
    carrier(gatewayMap),
    carrier(memberMap, RANGES.slice(2)),
    carrier(memberMap, RANGES.slice(3)),
    carrier(gatewayMap, RANGES.slice(0, 2)),
    carrier(memberMap, [
      { cidr: '10.9.9.9/32', overlayCidr: '242.1.0.7/32', replies: 'masqueraded', alone: true },
    ]),
    withRules(gatewayMap, {
      rules: RULES,
      passing: RULES.map((rule) => ({ ...rule, to: 'label:tier=web' })),
    }),
  ];
  for (const map of maps) {
    const checked = spawnSync('unshare', ['--net', 'nft', '-c', '-f', '-'], {
      input: renderReplacement(renderFilter(map, ['eth0'])),
      encoding: 'utf8',
    });
    expect(checked.stderr).toBe('');
    expect(checked.status).toBe(0);
  }
});

test('pods keep their addresses, and are judged as what is behind their node', () => {
  const pods = { own: ['10.128.1.0/24'], cluster: '10.128.0.0/18', elsewhere: ['10.128.64.0/18'] };
  const text = renderFilter(withRules(memberMap, { pods }));
  const overlay = '{ 100.64.0.0/16, 10.128.64.0/18, 10.128.0.0/18 }';
  // The cluster's own network brings its other pods, and the node is spoken with by all of them.
  expect(chainOf(text, 'input')?.at(-2)).toBe(
    'iifname != "lo" ip saddr { 100.64.0.0/16, 10.128.64.0/18 } counter drop',
  );
  expect(chainOf(text, 'out_of_ranges')).toEqual([
    `ip daddr != ${overlay} counter drop`,
    'ip saddr 10.128.1.0/24 accept',
    'counter drop',
  ]);
  expect(chainOf(text, 'ranges_remembered_from')).toEqual([
    'type nat hook postrouting priority 90; policy accept;',
    `oifname ${OURS} ip saddr 10.128.1.0/24 ip daddr 100.64.1.0/24 masquerade`,
    `oifname ${OURS} ip saddr != { 10.128.1.0/24, 10.128.64.0/18, 100.64.0.0/16 } masquerade`,
    `oifname ${OURS} ip saddr 10.128.1.0/24 ip daddr ${overlay} snat ip to ip saddr`,
    `oifname != ${OURS} ip saddr { 100.64.0.0/16, 10.128.64.0/18 } ip saddr != 10.128.1.0/24 ip daddr 10.128.1.0/24 snat ip to ip saddr`,
  ]);
  expect(chainOf(text, 'through_node')).toEqual([
    `oifname != ${OURS} ip daddr 10.128.1.0/24 ct direction reply accept`,
    `oifname != ${OURS} ip daddr 10.128.1.0/24 ct original ip daddr 10.128.1.0/24 accept`,
    'counter drop',
  ]);
  expect(text).not.toContain('dnat');
  // What a gateway passes on to a mate's pod is not its own flow; what is for its own pods is.
  expect(chainOf(renderFilter(withRules(gatewayMap, { pods })), 'passing_by')?.at(1)).toBe(
    `iifname ${OURS} ip daddr ${overlay} ip daddr != { 100.64.1.11, 10.128.1.0/24 } notrack`,
  );
});

test('a Docker network that is made lies in what ranges have their addresses from', () => {
  const made = { cidr: '242.0.7.0/24', overlayCidr: '242.0.7.0/24', replies: 'routed', alone: true } as const;
  const text = renderFilter(carrier(memberMap, [{ ...made, docker: 'shop' }]));
  expect(text).not.toContain('dnat');
  // Its containers speak with their host; nobody else does with such an address.
  expect(chainOf(text, 'input')?.slice(2, 4)).toEqual([
    'ip saddr 242.0.7.0/24 accept',
    'iifname != "lo" ip saddr { 100.64.0.0/16, 242.0.0.0/8 } counter drop',
  ]);
  expect(chainOf(text, 'ranges_remembered_from')?.slice(1)).toEqual([
    `oifname ${OURS} ip saddr 242.0.7.0/24 ip daddr { 100.64.0.0/16, 242.0.0.0/8 } snat ip to ip saddr`,
    `oifname != ${OURS} ip saddr { 100.64.0.0/16, 242.0.0.0/8 } ip saddr != 242.0.7.0/24 ip daddr 242.0.7.0/24 snat ip to ip saddr`,
  ]);
});
