/**
 * Ranges behind this node, as chains of its packet filter. The network knows a range by other addresses than it has
 * inside, one for one, and whoever carries it translates: to addresses of the inside when a packet leaves the tunnel, to
 * those of the network when one goes in. So nothing but the network's addresses is ever seen in the overlay, and two
 * clusters may be the same inside.
 *
 * `routed` ranges are translated without state, outside of conntrack: a flow may come by one gateway and go by another,
 * and outlives both. Hosts of `masqueraded` ones answer to this node, which therefore must remember flows anyway: there
 * conntrack translates both ways, ICMP errors among them.
 *
 * Policies speak of the network's addresses: a packet is judged before it is translated on its way in, and after it on
 * its way out.
 */
import type { MapRange, MapSelf } from '@skein/contract/agent/map.ts';
import { formatAddress, parseCidr, sizeOf } from '@skein/mesh/ipam/cidr.ts';
import { ERRORS, OURS, oneOf, overlayOf } from './words.ts';

const inside = (ranges: readonly MapRange[]) => oneOf(ranges.map(({ cidr }) => cidr));
const outside = (ranges: readonly MapRange[]) => oneOf(ranges.map(({ overlayCidr }) => overlayCidr));

/** What a range's own rules have let out of the tunnel passes on; nobody else comes past `to_ranges` with such an address. */
export function rangesThrough({ ranges }: MapSelf): string[] {
  return ranges.length === 0 ? [] : [`    oifname != ${OURS} ip daddr ${inside(ranges)} accept`];
}

/** Where this node carries any. Needs the chains `begun_behind` and `answered_behind`. */
export function rangeChains(self: MapSelf): string[] {
  const { ranges } = self;
  const overlay = overlayOf(self);
  const routed = ranges.filter(({ replies }) => replies === 'routed');
  const masqueraded = ranges.filter(({ replies }) => replies === 'masqueraded');
  const some = (of: readonly MapRange[], lines: () => string[]) => (of.length > 0 ? lines() : []);
  return [
    '  chain to_ranges {',
    // Not translated here, hence not judged: nobody has business with these addresses in the overlay.
    `    ip daddr ${inside(ranges)} counter drop`,
    `    ip daddr != ${outside(ranges)} accept`,
    `    ip saddr != ${overlay} counter drop`,
    `    ${ERRORS} accept`,
    '    jump begun_behind',
    // Masqueraded hosts begin nothing, so nothing answers them.
    ...some(routed, () => [`    ip daddr ${outside(routed)} jump answered_behind`]),
    '    counter drop',
    '  }',
    '  chain from_ranges {',
    `    ${ERRORS} accept`,
    ...some(routed, () => [`    ip saddr ${outside(routed)} jump begun_behind`]),
    '    jump answered_behind',
    '    counter drop',
    '  }',
    '  chain out_of_ranges {',
    `    ip daddr != ${overlay} counter drop`,
    ...some(routed, () => [`    ip saddr ${inside(routed)} accept`]),
    ...some(masqueraded, () => [
      `    ct direction reply ct original ip daddr ${outside(masqueraded)} accept`,
    ]),
    '    counter drop',
    '  }',
    '  chain ranges_judged_in {',
    '    type filter hook prerouting priority -310; policy accept;',
    `    iifname ${OURS} goto to_ranges`,
    '  }',
    ...some(routed, () => [
      '  chain ranges_in {',
      '    type filter hook prerouting priority -305; policy accept;',
      ...routed.map((range) => `    iifname ${OURS} ${moved('daddr', range.overlayCidr, range.cidr)}`),
      '  }',
      '  chain ranges_out {',
      '    type filter hook postrouting priority 110; policy accept;',
      ...routed.map((range) => `    oifname ${OURS} ${moved('saddr', range.cidr, range.overlayCidr)}`),
      '  }',
    ]),
    ...some(masqueraded, () => [
      '  chain ranges_masqueraded_in {',
      '    type nat hook prerouting priority -100; policy accept;',
      ...masqueraded.map((range) => `    iifname ${OURS} ${mapped(range)}`),
      '  }',
      '  chain ranges_masqueraded_out {',
      '    type nat hook postrouting priority 100; policy accept;',
      `    oifname != ${OURS} ct original ip daddr ${outside(masqueraded)} masquerade`,
      '  }',
    ]),
    // What begins on this very node goes by no tunnel.
    '  chain ranges_from_here {',
    '    type nat hook output priority -100; policy accept;',
    ...ranges.map((range) => `    ${mapped(range)}`),
    '  }',
    '  chain ranges_judged_out {',
    '    type filter hook postrouting priority 120; policy accept;',
    `    oifname ${OURS} ip saddr ${outside(ranges)} goto from_ranges`,
    `    oifname ${OURS} ip saddr ${inside(ranges)} counter drop`,
    '  }',
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
function mapped({ cidr, overlayCidr }: MapRange): string {
  return `dnat ip prefix to ip daddr map { ${overlayCidr} : ${cidr} }`;
}
