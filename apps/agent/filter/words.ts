/** What several parts of the packet filter say alike. */
import type { MapRange, MapSelf } from '@skein/contract/agent/map.ts';
import { INTERFACES } from '../config.ts';

/** All that may be ours: an interface whose plane is about to go must not pass the filter meanwhile. */
export const OURS = `{ ${INTERFACES.map((name) => `"${name}"`).join(', ')} }`;
/** What routers say of packets that they could not pass on. */
export const ICMP_ERRORS = 'destination-unreachable, time-exceeded, parameter-problem';

/** A range, or several as one set. */
export function oneOf(cidrs: readonly string[]): string {
  return cidrs.length === 1 ? (cidrs[0] ?? '') : `{ ${cidrs.join(', ')} }`;
}

/** Every address that may be in the overlay. */
export function overlayCidrs(self: MapSelf): string[] {
  return [...byTunnelAlone(self), ...ownPods(self)];
}

/** Those that come by no other way: pods of the own cluster do, by their own network. */
export function byTunnelAlone(self: MapSelf): string[] {
  return [self.overlayCidr, ...(self.rangesCidr === null ? [] : [self.rangesCidr]), ...self.pods.elsewhere];
}

/** Those of the own cluster, of what is behind it, and of its pods. */
export function ownCidrs(self: MapSelf): string[] {
  return [self.clusterOverlayCidr, ...self.clusterRanges, ...ownPods(self)];
}

function ownPods({ pods }: MapSelf): string[] {
  return pods.cluster === null ? [] : [pods.cluster];
}

/** Whether a range's hosts have the addresses inside by which the network knows them. */
export function isKept({ cidr, overlayCidr }: MapRange): boolean {
  return cidr === overlayCidr;
}

/** All that is behind this node: ranges, and its pods, as a range that is the same inside. */
export function behindNode(self: MapSelf): MapRange[] {
  const pods = self.pods.own.map(
    (cidr): MapRange => ({ cidr, overlayCidr: cidr, replies: 'routed', alone: true }),
  );
  return [...self.ranges, ...pods];
}
