/**
 * Names on the node. This file: who answers a question. An agent knows the names of its own cluster, asks others
 * over the tunnel, and passes everything else on to the resolvers the node had before.
 */
import type { MapName, NetworkMap } from '@skein/contract/agent/map.ts';
import { contains } from '@skein/mesh/ipam/cidr.ts';

/** Who asks: this node, another peer of its cluster, or a peer of another cluster. */
export type Asker = 'node' | 'cluster' | 'elsewhere';

export type Decision =
  /** Ours to answer. No addresses: the name exists (or not, with `NXDOMAIN`) without a record of that type. */
  | { kind: 'answer'; code: 'NOERROR' | 'NXDOMAIN'; addresses: readonly string[] }
  /** Agents know it: ask them, nearest first. */
  | { kind: 'delegate'; servers: readonly string[] }
  /** The node's original resolvers know. */
  | { kind: 'upstream' }
  | { kind: 'refuse' };

export interface Names {
  zone: string;
  clusterZone: string;
  known: ReadonlyMap<string, MapName>;
  delegations: readonly { zone: string; servers: readonly string[] }[];
  overlayAddress: string;
  clusterOverlayCidr: string;
}

export function namesFrom(map: NetworkMap): Names {
  const zone = canonical(map.self.zone);
  return {
    zone,
    clusterZone: `${map.self.clusterName}.${zone}`,
    known: new Map(map.names.map((name) => [canonical(name.name), name])),
    // The longest zone first: the nearest delegation wins.
    delegations: map.delegations
      .map(({ zone: below, servers }) => ({ zone: canonical(below), servers }))
      .sort((a, b) => b.zone.length - a.zone.length),
    overlayAddress: map.self.overlayAddress,
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
    const addresses = asker === 'elsewhere' ? known.outside : known.inside;
    const asked = question.type === 'A' || question.type === 'ANY';
    return { kind: 'answer', code: 'NOERROR', addresses: asked ? addresses : [] };
  }
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

function isBelow(name: string, zone: string): boolean {
  return name.endsWith(`.${zone}`);
}

function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
