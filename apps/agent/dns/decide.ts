/**
 * Names on the node. This file: who answers a question. An agent knows the names of its own cluster, asks others
 * over the tunnel, and passes everything else on to the resolvers the node had before.
 */
import type { MapName, NetworkMap } from '@skein/contract/agent/map.ts';
import { CLUSTERSET_ZONE } from '@skein/contract/agent/service.ts';
import { contains } from '@skein/mesh/ipam/cidr.ts';
import type { Twins } from '@skein/mesh/ipam/twin.ts';

/** Who asks: this node, another peer of its cluster, or a peer of another cluster. */
export type Asker = 'node' | 'cluster' | 'elsewhere';

export type Decision =
  /** Ours to answer, with IPv4 and IPv6 addresses. No addresses: the name exists (or not, with `NXDOMAIN`) without a record of that type. */
  | { kind: 'answer'; code: 'NOERROR' | 'NXDOMAIN'; addresses: readonly string[] }
  /** Agents know it: ask them, nearest first. */
  | { kind: 'delegate'; servers: readonly string[] }
  /** A service that answers across clusters. */
  | { kind: 'clusterset' }
  /** The node's original resolvers know. */
  | { kind: 'upstream' }
  | { kind: 'refuse' };

export interface Names {
  zone: string;
  clusterZone: string;
  known: ReadonlyMap<string, MapName>;
  delegations: readonly { zone: string; servers: readonly string[] }[];
  overlayAddress: string;
  overlayCidr: string;
  clusterOverlayCidr: string;
  twins: Twins | null;
  /** Whether IPv6 leads to other clusters: this node and every gateway of its cluster speak it. */
  sixElsewhere: boolean;
}

/** @param twins null where this node speaks no IPv6: then it promises none to others either, whose packets it would pass on */
export function namesFrom(map: NetworkMap, twins: Twins | null): Names {
  const zone = canonical(map.self.zone);
  const clusterZone = `${map.self.clusterName}.${zone}`;
  const known = new Map(map.names.map((name) => [canonical(name.name), name]));
  return {
    zone,
    clusterZone,
    known,
    sixElsewhere: twins !== null && !known.get(clusterZone)?.ipv4Only,
    // The longest zone first: the nearest delegation wins.
    delegations: map.delegations
      .map(({ zone: below, servers }) => ({ zone: canonical(below), servers }))
      .sort((a, b) => b.zone.length - a.zone.length),
    overlayAddress: map.self.overlayAddress,
    overlayCidr: map.self.overlayCidr,
    twins,
    clusterOverlayCidr: map.self.clusterOverlayCidr,
  };
}

/** Whose question it is, by the address it came from. */
export function askerOf(names: Names, source: string): Asker {
  if (source.startsWith('127.') || source === names.overlayAddress) return 'node';
  return contains(names.clusterOverlayCidr, source) ? 'cluster' : 'elsewhere';
}

export function decide(names: Names, question: { name: string; type: string }, asker: Asker): Decision {
  const name = canonical(question.name);
  const known = names.known.get(name);
  if (known) {
    const four = asker === 'elsewhere' ? known.outside : known.inside;
    const asked = (type: string) => question.type === type || question.type === 'ANY';
    const addresses = [...(asked('A') ? four : []), ...(asked('AAAA') ? twinsFor(names, known) : [])];
    return { kind: 'answer', code: 'NOERROR', addresses };
  }
  // Every node has an agent of its own to ask, and pods ask a server of their own.
  if (name === CLUSTERSET_ZONE || isBelow(name, CLUSTERSET_ZONE))
    return asker === 'node' ? { kind: 'clusterset' } : { kind: 'refuse' };
  if (name === names.clusterZone) return { kind: 'answer', code: 'NOERROR', addresses: [] };
  if (isBelow(name, names.clusterZone)) return { kind: 'answer', code: 'NXDOMAIN', addresses: [] };
  // Other clusters come for our names alone: asking on for them could go round in circles, and would make an open
  // resolver.
  if (asker === 'elsewhere') return { kind: 'refuse' };
  const delegation = names.delegations.find(({ zone }) => name === zone || isBelow(name, zone));
  if (delegation && delegation.servers.length > 0) return { kind: 'delegate', servers: delegation.servers };
  // In the zone, but no cluster's: it may be in the zone's public half.
  if (asker === 'node' || isBelow(name, names.zone) || name === names.zone) return { kind: 'upstream' };
  return { kind: 'refuse' };
}

/**
 * The same in every view: a cluster has no private IPv6 addresses that we know of, and the overlay's work from everywhere.
 * A name that outside stands for public addresses has none.
 */
function twinsFor({ twins, overlayCidr }: Names, known: MapName): string[] {
  if (!twins || known.ipv4Only) return [];
  return known.outside.filter((address) => contains(overlayCidr, address)).map(twins.of);
}

function isBelow(name: string, zone: string): boolean {
  return name.endsWith(`.${zone}`);
}

function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
