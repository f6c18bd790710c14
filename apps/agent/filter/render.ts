/** The node's own packet filter, as nftables text. It looks at the overlay's interfaces alone. */
import { createHash } from 'node:crypto';
import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { INTERFACES, PATH_PORT, PROBE_PORT } from '../config.ts';

export const TABLE = 'inet skein';

/** All that may be ours: an interface whose plane is about to go must not pass the filter meanwhile. */
const OURS = `{ ${INTERFACES.map((name) => `"${name}"`).join(', ')} }`;

/**
 * The rules that a map asks for. Peers of the own cluster may reach everything; other clusters ping, the node's
 * resolver and the allowed ports. Replies pass by their direction, and everything that another cluster began is asked
 * again packet by packet: a permission taken back cuts flows that already run, with no need to search conntrack.
 */
export function renderFilter(map: NetworkMap): string {
  const { self } = map;
  const neighbours = map.peers
    .filter((peer) => peer.clusterId !== self.clusterId)
    .map((peer) => peer.overlayAddress);
  const ports = (protocol: 'tcp' | 'udp') => {
    const list = self.allowedPorts.filter((one) => one.protocol === protocol).map((one) => one.port);
    return list.length > 0
      ? [`    ${protocol} dport { ${[...list].sort((a, b) => a - b).join(', ')} } accept`]
      : [];
  };
  const isTransit = self.topology !== 'hybrid';
  const hasMate = map.peers.some((peer) => peer.role === 'gateway' && peer.clusterId === self.clusterId);
  const lines = [
    '  chain from_other_clusters {',
    '    ct direction reply ct state established,related accept',
    '    meta l4proto icmp ct state related accept',
    '    icmp type echo-request accept',
    ...ports('tcp'),
    ...ports('udp'),
    '    return',
    '  }',
    '  chain to_node {',
    `    ip saddr ${self.clusterOverlayCidr} accept`,
    `    ip saddr != ${self.overlayCidr} counter drop`,
    `    ip daddr != ${self.overlayAddress} counter drop`,
    '    jump from_other_clusters',
    '    meta l4proto { tcp, udp } th dport 53 accept',
    // The set is spelled out, for it changes only when gateways do.
    ...(neighbours.length > 0
      ? [`    ip saddr { ${neighbours.join(', ')} } udp dport { ${PROBE_PORT}, ${PATH_PORT} } accept`]
      : []),
    '    counter drop',
    '  }',
    '  chain through_node {',
    ...(self.forwards
      ? [
          `    oifname != ${OURS} counter drop`,
          `    ip saddr != ${self.overlayCidr} counter drop`,
          `    ip daddr != ${self.overlayCidr} counter drop`,
          `    ip saddr ${self.clusterOverlayCidr} accept`,
          // On its way through this cluster: whoever lets it in judges it.
          `    ip daddr != ${self.clusterOverlayCidr} ${isTransit ? 'accept' : 'counter drop'}`,
          // Names of this cluster are asked of its gateways, so other members' port 53 stays shut.
          // An answer may come back by another gateway than the question went out by, and only the target sees both:
          // where there are several its own filter judges alone.
          hasMate ? '    accept' : '    jump from_other_clusters',
        ]
      : []),
    '    counter drop',
    '  }',
    '  chain input {',
    '    type filter hook input priority -5; policy accept;',
    `    iifname ${OURS} goto to_node`,
    // Nobody beside the tunnel may speak as a peer.
    `    iifname != "lo" ip saddr ${self.overlayCidr} counter drop`,
    '  }',
    '  chain forward {',
    '    type filter hook forward priority -5; policy accept;',
    `    iifname ${OURS} goto through_node`,
    `    oifname ${OURS} counter drop`,
    '  }',
    // No end of a TCP flow sends more at once than the ways there and back carry, whatever becomes of ICMP.
    '  chain clamp {',
    '    type filter hook forward priority -4; policy accept;',
    '    iifname "skein*" tcp flags syn tcp option maxseg size set rt mtu',
    '    oifname "skein*" tcp flags syn tcp option maxseg size set rt mtu',
    '  }',
  ];
  return lines.join('\n');
}

/** Names the chain by which an applied filter is known again. */
export function markOf(rules: string): string {
  return `applied_${createHash('sha256').update(rules).digest('hex').slice(0, 16)}`;
}

/** The rules as one transaction for `nft -f -`: the old table goes and the new one comes at the same instant. */
export function renderReplacement(rules: string): string {
  return `table ${TABLE}\ndelete table ${TABLE}\ntable ${TABLE} {\n  chain ${markOf(rules)} {\n  }\n${rules}\n}\n`;
}
