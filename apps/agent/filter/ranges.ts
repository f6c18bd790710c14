/**
 * Ranges behind this node, as chains of its packet filter. The network knows a range by other addresses than it has
 * inside, one for one, and whoever carries it translates: to addresses of the inside when a packet leaves the tunnel, to
 * those of the network when one goes in. So nothing but the network's addresses is ever seen in the overlay, and two
 * clusters may be the same inside.
 *
 * Where several gateways carry a range and its hosts' replies are `routed`, a flow may come by one gateway and go by
 * another, and outlives both: it is translated without state, outside of conntrack. All other flows must come by this
 * node both ways. They are remembered: conntrack translates them, ICMP errors among them, and tells questions from
 * answers. Hosts of `masqueraded` ranges answer to this node's own address and begin nothing.
 *
 * Pods, and ranges that are the same inside, are judged in the same way and keep their addresses. Networks of pods and of
 * containers masquerade what leaves them: what goes into the overlay is taken out of their hands, for conntrack lets the
 * first decide that says anything of a flow's source. Towards their own cluster's peers, whose answers would come by the
 * cluster's own network, pods speak as their node.
 *
 * Policies speak of the network's addresses: a packet is judged before it is translated on its way in, and after it on
 * its way out.
 */
import type { MapRange, MapSelf } from '@skein/contract/agent/map.ts';
import { formatAddress, parseCidr, sizeOf } from '@skein/mesh/ipam/cidr.ts';
import { cidrsOf, spansOf } from '@skein/mesh/policy/ranges.ts';
import { behindNode, byTunnelAlone, ICMP_ERRORS, isKept, OURS, oneOf, overlayCidrs } from './words.ts';

const ERRORS = `icmp type { ${ICMP_ERRORS} }`;
const RELATED = 'meta l4proto icmp ct state related accept';

const inside = (ranges: readonly MapRange[]) => oneOf(ranges.map(({ cidr }) => cidr));
const outside = (ranges: readonly MapRange[]) => oneOf(ranges.map(({ overlayCidr }) => overlayCidr));
const some = (of: readonly MapRange[], lines: () => string[]) => (of.length > 0 ? lines() : []);

/**
 * What a range's own rules have let out of the tunnel passes on. Nobody else comes past `to_ranges` with such an address;
 * and what somebody on the node (a published port, a service of Kubernetes) turns towards it was never judged as that.
 */
export function rangesThrough(ranges: readonly MapRange[]): string[] {
  const shared = ranges.filter(isShared);
  const remembered = ranges.filter((range) => !isShared(range));
  const to = (some: readonly MapRange[]) => `    oifname != ${OURS} ip daddr ${inside(some)}`;
  return [
    ...some(shared, () => [`${to(shared)} accept`]),
    ...some(remembered, () => [
      `${to(remembered)} ct direction reply accept`,
      `${to(remembered)} ct original ip daddr ${outside(remembered)} accept`,
    ]),
  ];
}

/** Carried by all gateways without state: a flow may come by one and go by another. */
function isShared({ replies, alone }: MapRange): boolean {
  return replies === 'routed' && !alone;
}

/** Where anything is behind this node. Needs the chains `begun_behind` and `answered_behind`. */
export function rangeChains(self: MapSelf): string[] {
  const ranges = behindNode(self);
  const translated = ranges.filter((range) => !isKept(range));
  const overlay = oneOf(overlayCidrs(self));
  const masqueraded = ranges.filter(({ replies }) => replies === 'masqueraded');
  const routed = ranges.filter(({ replies }) => replies === 'routed');
  const shared = ranges.filter(isShared);
  const remembered = ranges.filter((range) => !isShared(range));
  return [
    '  chain out_of_ranges {',
    `    ip daddr != ${overlay} counter drop`,
    ...some(routed, () => [`    ip saddr ${inside(routed)} accept`]),
    ...some(masqueraded, () => [
      `    ct direction reply ct original ip daddr ${outside(masqueraded)} accept`,
    ]),
    '    counter drop',
    '  }',
    '  chain to_ranges {',
    // Not translated here, hence not judged: nobody has business with these addresses in the overlay.
    ...some(translated, () => [`    ip daddr ${inside(translated)} counter drop`]),
    `    ip daddr != ${outside(ranges)} accept`,
    `    ip saddr != ${overlay} counter drop`,
    ...some(remembered, () => [`    ip daddr ${outside(remembered)} accept`]),
    ...some(shared, () => [
      `    ${ERRORS} accept`,
      '    jump begun_behind',
      '    jump answered_behind',
      '    counter drop',
    ]),
    '  }',
    '  chain ranges_judged_in {',
    '    type filter hook prerouting priority -310; policy accept;',
    `    iifname ${OURS} goto to_ranges`,
    '  }',
    '  chain from_ranges {',
    ...some(translated, () => [`    ip saddr ${inside(translated)} counter drop`]),
    ...some(remembered, () => [`    ip saddr ${outside(remembered)} goto remembered`]),
    ...some(shared, () => [`    ip saddr ${outside(shared)} goto from_shared`]),
    '  }',
    '  chain ranges_judged_out {',
    '    type filter hook postrouting priority 120; policy accept;',
    `    oifname ${OURS} goto from_ranges`,
    '  }',
    ...some(shared, () => sharedChains(shared)),
    ...some(remembered, () => rememberedChains(self, masqueraded, remembered)),
    // What begins on this very node goes by no tunnel.
    ...some(translated, () => [
      '  chain ranges_from_here {',
      '    type nat hook output priority -100; policy accept;',
      ...translated.map((range) => `    ${toInside(range)}`),
      '  }',
    ]),
  ];
}

function sharedChains(shared: readonly MapRange[]): string[] {
  return [
    '  chain from_shared {',
    `    ${ERRORS} accept`,
    '    jump begun_behind',
    '    jump answered_behind',
    '    counter drop',
    '  }',
    '  chain ranges_shared_in {',
    '    type filter hook prerouting priority -305; policy accept;',
    ...shared.map((range) => `    iifname ${OURS} ${moved('daddr', range.overlayCidr, range.cidr)}`),
    '  }',
    '  chain ranges_shared_out {',
    '    type filter hook postrouting priority 110; policy accept;',
    ...shared.map((range) => `    oifname ${OURS} ${moved('saddr', range.cidr, range.overlayCidr)}`),
    '  }',
  ];
}

/** After conntrack has found a packet's flow, and before NAT changes its first one. */
function rememberedChains(
  self: MapSelf,
  masqueraded: readonly MapRange[],
  remembered: readonly MapRange[],
): string[] {
  const translated = remembered.filter((range) => !isKept(range));
  const kept = remembered.filter(isKept);
  const routed = translated.filter((range) => !masqueraded.includes(range));
  const [overlay, byTunnel] = [oneOf(overlayCidrs(self)), oneOf(byTunnelAlone(self))];
  return [
    '  chain remembered {',
    `    ${RELATED}`,
    '    ct direction reply jump answered_behind',
    '    ct direction original jump begun_behind',
    '    counter drop',
    '  }',
    '  chain ranges_remembered_in {',
    '    type filter hook prerouting priority -150; policy accept;',
    `    iifname ${OURS} ip daddr ${outside(remembered)} goto remembered`,
    '  }',
    ...some(translated, () => [
      '  chain ranges_remembered_to {',
      '    type nat hook prerouting priority -100; policy accept;',
      ...translated.map((range) => `    iifname ${OURS} ${toInside(range)}`),
      '  }',
    ]),
    '  chain ranges_remembered_from {',
    // Before anybody who masquerades whatever leaves the node, as networks of pods do.
    '    type nat hook postrouting priority 90; policy accept;',
    ...routed.map((range) => `    oifname ${OURS} ${toOutside(range)}`),
    ...some(kept, () => [
      ...podsAsNode(self),
      `    oifname ${OURS} ip saddr ${inside(kept)} ip daddr ${overlay} snat ip to ip saddr`,
      // What is beside the overlay, such as a pod that asks itself by a service, stays with whoever has it now.
      `    oifname != ${OURS} ip saddr ${byTunnel} ip saddr != ${inside(kept)} ip daddr ${inside(kept)} snat ip to ip saddr`,
    ]),
    ...some(masqueraded, () => [
      `    oifname != ${OURS} ct original ip daddr ${outside(masqueraded)} masquerade`,
    ]),
    '  }',
  ];
}

/**
 * Towards its own cluster's peers a pod speaks as its node. So does the node itself where it did not mean the overlay: it
 * took another of its addresses, and then a service of Kubernetes turned the packet here.
 */
function podsAsNode(self: MapSelf): string[] {
  const { own } = self.pods;
  if (own.length === 0) return [];
  const ownCluster = oneOf([self.clusterOverlayCidr, ...self.clusterRanges]);
  const known = [...byTunnelAlone(self), ...behindNode(self).map(({ cidr }) => cidr)].map(parseCidr);
  return [
    `    oifname ${OURS} ip saddr ${oneOf(own)} ip daddr ${ownCluster} masquerade`,
    `    oifname ${OURS} ip saddr != ${oneOf(cidrsOf(spansOf(known)))} masquerade`,
  ];
}

/** Changes the leading bits of an address and leaves the rest; nftables mends the checksums. */
function moved(address: 'saddr' | 'daddr', from: string, to: string): string {
  const range = parseCidr(to);
  const rest = formatAddress(sizeOf(range) - 1);
  const first = formatAddress(range.first);
  const value = range.prefixLength === 32 ? first : `ip ${address} & ${rest} | ${first}`;
  return `ip ${address} ${from} ip ${address} set ${value}`;
}

/** The same by conntrack, for whole flows. */
function toInside({ cidr, overlayCidr }: MapRange): string {
  return `dnat ip prefix to ip daddr map { ${overlayCidr} : ${cidr} }`;
}

function toOutside({ cidr, overlayCidr }: MapRange): string {
  return `snat ip prefix to ip saddr map { ${cidr} : ${overlayCidr} }`;
}
