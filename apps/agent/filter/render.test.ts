import { expect, test } from 'vitest';
import { gatewayMap, memberMap } from '../fixture/map.ts';
import { markOf, renderFilter, renderReplacement } from './render.ts';

const HOOKS = `  chain input {
    type filter hook input priority -5; policy accept;
    iifname { "skein0", "skein1", "skein2", "skein3" } goto to_node
    iifname != "lo" ip saddr 100.64.0.0/16 counter drop
  }
  chain forward {
    type filter hook forward priority -5; policy accept;
    iifname { "skein0", "skein1", "skein2", "skein3" } goto through_node
    oifname { "skein0", "skein1", "skein2", "skein3" } counter drop
  }
  chain clamp {
    type filter hook forward priority -4; policy accept;
    iifname "skein*" tcp flags syn tcp option maxseg size set rt mtu
    oifname "skein*" tcp flags syn tcp option maxseg size set rt mtu
  }`;

test('a gateway', () => {
  expect(renderFilter(gatewayMap)).toBe(`  chain from_other_clusters {
    ct direction reply ct state established,related accept
    meta l4proto icmp ct state related accept
    icmp type echo-request accept
    tcp dport { 80, 443 } accept
    udp dport { 9000 } accept
    return
  }
  chain to_node {
    ip saddr 100.64.1.0/24 accept
    ip saddr != 100.64.0.0/16 counter drop
    ip daddr != 100.64.1.11 counter drop
    jump from_other_clusters
    meta l4proto { tcp, udp } th dport 53 accept
    ip saddr { 100.64.2.11 } udp dport { 51880, 51881 } accept
    counter drop
  }
  chain through_node {
    oifname != { "skein0", "skein1", "skein2", "skein3" } counter drop
    ip saddr != 100.64.0.0/16 counter drop
    ip daddr != 100.64.0.0/16 counter drop
    ip saddr 100.64.1.0/24 accept
    ip daddr != 100.64.1.0/24 counter drop
    jump from_other_clusters
    counter drop
  }
${HOOKS}`);
});

test('where clusters reach each other over others, a gateway passes on what concerns its own cluster at neither end', () => {
  const inTopology = (topology: typeof gatewayMap.self.topology) =>
    renderFilter({ ...gatewayMap, self: { ...gatewayMap.self, topology } });
  for (const topology of ['hub', 'random', 'structured'] as const)
    expect(inTopology(topology)).toContain('    ip daddr != 100.64.1.0/24 accept\n');
  expect(inTopology('hybrid')).toContain('    ip daddr != 100.64.1.0/24 counter drop\n');
  const full = renderFilter({
    ...gatewayMap,
    self: { ...gatewayMap.self, topology: 'full', forwards: false },
  });
  expect(full).toContain('  chain through_node {\n    counter drop\n  }');
});

test('a member forwards nothing, and where no ports are allowed there is no rule for them', () => {
  const closed = { ...memberMap, self: { ...memberMap.self, allowedPorts: [] } };
  expect(renderFilter(closed)).toBe(`  chain from_other_clusters {
    ct direction reply ct state established,related accept
    meta l4proto icmp ct state related accept
    icmp type echo-request accept
    return
  }
  chain to_node {
    ip saddr 100.64.1.0/24 accept
    ip saddr != 100.64.0.0/16 counter drop
    ip daddr != 100.64.1.12 counter drop
    jump from_other_clusters
    meta l4proto { tcp, udp } th dport 53 accept
    counter drop
  }
  chain through_node {
    counter drop
  }
${HOOKS}`);
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
