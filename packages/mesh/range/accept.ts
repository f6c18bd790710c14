/** Which ranges a cluster may have, and what the network knows them by. */
import { RANGES_CIDR } from '@skein/contract/primitive.ts';
import { MOST_RANGES_OF_A_CLUSTER, type NewRange, WIDEST_RANGE } from '@skein/contract/rest/range.ts';
import { allocateCidr, type RangeGrant } from '../ipam/allocate.ts';
import { contains, formatCidr, overlaps, parseCidr } from '../ipam/cidr.ts';

/** What a range may not share an address with, and what that is. */
const SPECIAL: readonly (readonly [string, string])[] = [
  [RANGES_CIDR, 'what Skein gives ranges addresses from'],
  ['0.0.0.0/8', '“this network”, where no hosts are'],
  ['127.0.0.0/8', 'every node’s own loopback'],
  ['169.254.0.0/16', 'link-local addresses, which are not routed'],
  ['224.0.0.0/4', 'multicast'],
];

/** What of a cluster and its network decides about another range. */
export interface RangePlace {
  readonly networkCidr: string;
  /** Peers of the cluster that have not been removed. */
  readonly peers: readonly { readonly id: string; readonly name: string }[];
  /** Ranges that the cluster has. */
  readonly ranges: readonly {
    readonly name: string;
    readonly peerId: string | null;
    readonly cidr: string;
    readonly hosts: readonly { readonly name: string }[];
  }[];
}

/**
 * Why a range cannot be added, in words for people with the field that they are about; none where it can.
 * @param given its addresses are given out by Skein, not chosen
 */
export function rangeProblems(
  place: RangePlace,
  wish: NewRange,
  given = false,
): { path: string; message: string }[] {
  const problems: { path: string; message: string }[] = [];
  const refuse = (path: string, message: string) => problems.push({ path, message });
  const range = parseCidr(wish.cidr);
  if (formatCidr(range) !== wish.cidr)
    refuse('cidr', `${wish.cidr} has host bits set: did you mean ${formatCidr(range)}?`);
  if (range.prefixLength < WIDEST_RANGE) refuse('cidr', `must be no wider than a /${WIDEST_RANGE}`);
  if (overlaps(wish.cidr, place.networkCidr))
    refuse('cidr', `overlaps the network’s own range ${place.networkCidr}`);
  for (const [special, what] of SPECIAL)
    if (overlaps(wish.cidr, special) && !(given && special === RANGES_CIDR))
      refuse('cidr', `overlaps ${special}: ${what}`);
  if (wish.peerId !== null && !place.peers.some((peer) => peer.id === wish.peerId))
    refuse('peerId', 'there is no such peer in this cluster');
  if (place.ranges.length >= MOST_RANGES_OF_A_CLUSTER)
    refuse('name', `a cluster has no more than ${MOST_RANGES_OF_A_CLUSTER} ranges`);
  for (const other of place.ranges) {
    if (other.name === wish.name) refuse('name', `the cluster has a range ${wish.name} already`);
    // A gateway may carry a range of its own beside those of all gateways, and must tell them apart.
    const apart = other.peerId !== null && wish.peerId !== null && other.peerId !== wish.peerId;
    if (!apart && overlaps(other.cidr, wish.cidr))
      refuse('cidr', `overlaps ${other.cidr} of the range ${other.name}, which the same peers may carry`);
  }
  const taken = new Map(place.peers.map((peer) => [peer.name, 'a peer']));
  for (const other of place.ranges) for (const host of other.hosts) taken.set(host.name, 'a host');
  for (const [index, host] of wish.hosts.entries()) {
    const bearer = taken.get(host.name);
    if (bearer) refuse(`hosts.${index}.name`, `${bearer} of the cluster is called ${host.name} already`);
    taken.set(host.name, 'a host');
    if (!contains(wish.cidr, host.address))
      refuse(`hosts.${index}.address`, `${host.address} is not in ${wish.cidr}`);
  }
  return problems;
}

/** The lowest free range of this size. @param taken those of all the network's ranges */
export function allocateRange(cidr: string, taken: readonly string[]): RangeGrant {
  return allocateCidr(RANGES_CIDR, parseCidr(cidr).prefixLength, taken);
}
