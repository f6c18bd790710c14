import { expect, test } from 'vitest';
import { disjoint, parse } from './cidrs.ts';
import type { Ground, GroundRule, Machine, Realm } from './ground.ts';
import { linkName } from './names.ts';
import { renderEdge } from './plan-filter.ts';
import { renderInternet } from './plan-internet.ts';

const realm: Realm = {
  id: 'vpc-1',
  cloud: 'aws',
  subnets: [{ id: 's', cidr: '10.64.0.0/20', router: '10.64.0.1' }],
  resolver: '10.64.0.2',
  internet: true,
};
const rule = (
  protocol: GroundRule['protocol'],
  fromPort: number,
  toPort: number,
  ...cidrs: string[]
): GroundRule => ({ protocol, fromPort, toPort, cidrs });
const base: Machine = {
  id: 'i-a',
  hostname: 'a',
  realmId: 'vpc-1',
  subnetId: 's',
  privateAddress: '10.64.0.5',
  macAddress: '02:00:00:00:00:05',
  publicAddress: '198.18.64.5',
  ingress: [
    rule('udp', 51_820, 51_820, '198.18.128.9/32', '198.18.64.7'),
    rule('tcp', 7000, 7010, '10.64.0.0/20', '10.64.1.0/24', '::/0'),
    rule('tcp', 0, 65_535, '10.0.0.9/32'),
    rule('icmp', -1, -1, '0.0.0.0/0'),
    rule('udp', 1, 1),
  ],
  egress: [rule('all', -1, -1, '0.0.0.0/0')],
  forwards: true,
  userData: null,
  metadata: {},
};
const closed: Machine = {
  ...base,
  id: 'i-b',
  privateAddress: '10.64.0.6',
  publicAddress: null,
  ingress: [],
  egress: [],
  forwards: false,
};
const numbers = { 'i-a': 2, 'i-b': 3 };
const [a, b] = [linkName('m', 'i-a'), linkName('m', 'i-b')];

test('the text of an edge', () => {
  expect(renderEdge(realm, [base, closed], numbers, [])).toBe(`table inet ground
delete table inet ground
table inet ground {
  map inward { type ipv4_addr : ipv4_addr; elements = { 198.18.64.5 : 10.64.0.5 }; }
  map outward { type ipv4_addr : ipv4_addr; elements = { 10.64.0.5 : 198.18.64.5 }; }
  map asker { type ipv4_addr : ipv4_addr; elements = { 10.64.0.5 : 169.254.192.2, 10.64.0.6 : 169.254.192.3 }; }
  set own { type ifname . ipv4_addr; elements = { ${[`"${a}" . 10.64.0.5`, `"${b}" . 10.64.0.6`].sort().join(', ')} }; }
  set forwarders { type ifname; elements = { "${a}" }; }
  set reachable { type ipv4_addr; elements = { 198.18.64.5 }; }
  set leaving { type ipv4_addr; elements = { 10.64.0.5 }; }
  chain source {
    type filter hook prerouting priority raw; policy accept;
    iifname "m*" iifname != @forwarders iifname . ip saddr != @own drop
    iifname "internet" ip daddr != @reachable drop
    iifname "internet" ip saddr != 198.18.0.0/15 drop
    iifname "services" ip saddr != { 169.254.64.1, 192.0.2.0/24 } drop
  }
  chain arrive {
    type nat hook prerouting priority dstnat; policy accept;
    iifname { "internet", "services" } dnat ip to ip daddr map @inward
    iifname "m*" ip daddr 169.254.169.254 tcp dport 80 dnat ip to 169.254.64.1
    iifname "m*" ip daddr 10.64.0.2 meta l4proto { tcp, udp } th dport 53 dnat ip to 169.254.64.1
  }
  chain leave {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "services" ip daddr 169.254.64.1 snat ip to ip saddr map @asker
    oifname { "internet", "services" } snat ip to ip saddr map @outward
  }
  chain in_${a} {
    meta l4proto udp ct original proto-dst 51820 ct original ip saddr { 198.18.64.7, 198.18.128.9 } return
    meta l4proto tcp ct original proto-dst 7000-7010 ct original ip saddr { 10.64.0.0/20 } return
    meta l4proto tcp ct original ip saddr { 10.0.0.9 } return
    meta l4proto icmp return
    drop
  }
  chain out_${a} {
    return
    drop
  }
  chain in_${b} {
    drop
  }
  chain out_${b} {
    drop
  }
  chain from_link {
    iifname vmap { "internet" : return, "services" : return, "${a}" : goto out_${a}, "${b}" : goto out_${b} }
    drop
  }
  chain to_link {
    oifname vmap { "internet" : return, "services" : return, "${a}" : goto in_${a}, "${b}" : goto in_${b} }
    drop
  }
  chain back_from_link {
    iifname vmap { "internet" : return, "services" : return, "${a}" : goto in_${a}, "${b}" : goto in_${b} }
    drop
  }
  chain back_to_link {
    oifname vmap { "internet" : return, "services" : return, "${a}" : goto out_${a}, "${b}" : goto out_${b} }
    drop
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state invalid drop
    ct state related accept
    oifname "services" ip daddr 169.254.64.1 ct status dnat accept
    iifname "services" ip saddr 169.254.64.1 ct direction reply accept
    oifname { "internet", "services" } ip saddr != @leaving drop
    iifname "p*" oifname != "m*" drop
    oifname "p*" iifname != "m*" drop
    ct direction original jump from_link
    ct direction original jump to_link
    ct direction reply jump back_from_link
    ct direction reply jump back_to_link
    accept
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "m*" icmp type echo-request accept
  }
}
`);
});

test('a realm without a way out publishes nobody', () => {
  const text = renderEdge({ ...realm, internet: false }, [base], numbers, []);
  expect(text).toContain('map inward { type ipv4_addr : ipv4_addr; }');
  expect(text).toContain('set leaving { type ipv4_addr; }');
});

test('the internet lets pass who sends with an address of its own realm', () => {
  const ground: Ground = {
    realms: [realm, { ...realm, id: 'vpc-2', internet: false }],
    peerings: [],
    machines: [base, closed, { ...base, id: 'i-c', realmId: 'vpc-2', publicAddress: '198.18.64.8' }],
    zones: [],
  };
  expect(renderInternet(ground, { 'vpc-1': 2, 'vpc-2': 3 })).toContain(
    'elements = { 02:53:4b:00:00:01 . 198.18.192.10, 02:53:4b:00:00:02 . 198.18.64.5 };',
  );
});

test.each([
  [[], []],
  [['10.0.0.0/8', '10.1.0.0/16', '10.0.0.0/8', '10.255.255.255/32'], ['10.0.0.0/8']],
  [['10.0.0.5/24'], ['10.0.0.0/24']],
  [
    ['1.2.3.4', '1.2.3.4/32', '1.2.3.5'],
    ['1.2.3.4', '1.2.3.5'],
  ],
  [['0.0.0.0/0', '9.9.9.9/32'], ['0.0.0.0/0']],
  [['::/0'], []],
  [
    ['255.255.255.255/32', '0.0.0.0/32'],
    ['0.0.0.0', '255.255.255.255'],
  ],
])('ranges %j become %j', (given, expected) => {
  expect(disjoint(given)).toEqual(expected);
});

test.each(['10.0.0.0/33', '10.0.0', '256.0.0.1', '10.0.0.1; drop', ''])('%j is no range', (text) => {
  expect(() => parse(text)).toThrow(TypeError);
});

test('what comes over a peering was sent in the other realm; a realm without a subnet sends nothing', () => {
  const peering = { first: true, routes: [], farRealmId: 'vpc-2' };
  const text = renderEdge(realm, [base], numbers, [
    { ...peering, link: 'p1', sources: ['10.64.16.0/20'] },
    { ...peering, link: 'p2', sources: [] },
  ]);
  expect(text).toContain('    iifname "p1" ip saddr != { 10.64.16.0/20 } drop\n    iifname "p2" drop\n');
  expect(text).toContain('"services" : return, "p1" : return, "p2" : return, ');
});
