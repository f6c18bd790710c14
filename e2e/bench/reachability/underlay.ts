/** What lies beneath one place, as text for `ip -batch` and `nft -f`: addresses, routes, NAT and security group. */
import type { Standing, UdpRule, World } from '@skein/mesh/reach/world.ts';
import { RELAY_PORTS } from '@skein/mesh/relay/plan.ts';

/** A place's links: into the internet, and into its VPC or LAN. */
export const OUTSIDE = 'net0';
export const INSIDE = 'lan0';
/** Nothing of these leaves a network by the internet. */
const PRIVATE = '{ 10.0.0.0/8, 192.168.0.0/16 }';

/** Lines that make a place what its standing says, whatever it was before. */
export function addressLines(world: World, id: string, standing: Standing): string {
  const { privateAddress, outside } = standing;
  const near = [...world.standings].filter(
    ([other, one]) =>
      other !== id &&
      one.privateAddress !== null &&
      (one.network === standing.network || standing.near.includes(one.network)),
  );
  return [
    `address flush dev ${OUTSIDE}`,
    `address flush dev ${INSIDE}`,
    // Whoever was at an address in the network before is somewhere else now.
    `neighbour flush dev ${OUTSIDE}`,
    `neighbour flush dev ${INSIDE}`,
    `link set dev ${OUTSIDE} up`,
    `link set dev ${INSIDE} up`,
    `address add ${privateAddress}/32 dev ${INSIDE}`,
    `address add ${outside.address}/32 dev ${OUTSIDE}`,
    // Who is behind a NAT sends from its private address, and the NAT gives it another.
    `route replace default dev ${OUTSIDE} src ${outside.kind === 'open' ? outside.address : privateAddress}`,
    ...near.map(([, one]) => `route add ${one.privateAddress}/32 dev ${INSIDE} src ${privateAddress}`),
    '',
  ].join('\n');
}

/**
 * The security group and the NAT of a place.
 * @param relays its agent turns packets round before they come to the hooks where groups usually are
 */
export function doorTable({ privateAddress, outside, letsIn }: Standing, relays: boolean): string {
  const nat = outside.kind !== 'open';
  const rules = letsIn?.map(
    (rule) => `    ip saddr { ${rule.cidrs.join(', ')} } udp dport ${rule.fromPort}-${rule.toPort} accept`,
  );
  return [
    'table ip underlay',
    'delete table ip underlay',
    'table ip underlay {',
    '  chain door {',
    '    type filter hook input priority -20; policy accept;',
    `    iifname != { "${OUTSIDE}", "${INSIDE}" } accept`,
    '    ct state established,related accept',
    '    meta l4proto != udp accept',
    ...(nat ? [`    iifname "${OUTSIDE}" drop`] : []),
    ...(rules ? [...rules, '    drop'] : []),
    '  }',
    '  chain out {',
    '    type filter hook output priority -20; policy accept;',
    `    oifname "${OUTSIDE}" ip daddr ${PRIVATE} drop`,
    '  }',
    ...(nat
      ? [
          '  chain nat {',
          '    type nat hook postrouting priority srcnat; policy accept;',
          `    oifname "${OUTSIDE}" ip saddr ${privateAddress} snat to ${outside.address}${outside.kind === 'changing-nat' ? ' fully-random' : ''}`,
          '  }',
        ]
      : []),
    '}',
    'table netdev underlay',
    'delete table netdev underlay',
    'table netdev underlay {',
    ...(relays && letsIn
      ? [OUTSIDE, INSIDE].flatMap((device) => [
          `  chain ${device} {`,
          `    type filter hook ingress device "${device}" priority -10; policy accept;`,
          ...letsIn.map((rule) => `    ${matches(rule)} accept`),
          `    udp dport ${RELAY_PORTS.first}-${RELAY_PORTS.last} drop`,
          '  }',
        ])
      : []),
    '}',
    '',
  ].join('\n');
}

const matches = ({ cidrs, fromPort, toPort }: UdpRule): string =>
  `ip saddr { ${cidrs.join(', ')} } udp dport ${fromPort}-${toPort}`;

/** Lost: nothing goes in or out. */
export const LOST = `link set dev ${OUTSIDE} down\nlink set dev ${INSIDE} down\n`;
