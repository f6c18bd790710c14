/** What several parts of the packet filter say alike. */
import type { MapSelf } from '@skein/contract/agent/map.ts';
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
  return [self.overlayCidr, ...(self.rangesCidr === null ? [] : [self.rangesCidr])];
}

/** Those of the own cluster, and of what is behind it. */
export function ownCidrs(self: MapSelf): string[] {
  return [self.clusterOverlayCidr, ...self.clusterRanges];
}
