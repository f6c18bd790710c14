/** Which pod ranges a cluster and its nodes may have. */
import { RANGES_CIDR } from '@skein/contract/primitive.ts';
import { contains, formatCidr, overlaps, parseCidr } from '../ipam/cidr.ts';

/** What pods may not share an address with, and what that is. */
const SPECIAL: readonly (readonly [string, string])[] = [
  ['100.64.0.0/10', 'what Skein gives overlays addresses from'],
  [RANGES_CIDR, 'what Skein gives ranges addresses from'],
  ['0.0.0.0/8', '“this network”, where no hosts are'],
  ['127.0.0.0/8', 'every node’s own loopback'],
  ['169.254.0.0/16', 'link-local addresses, which are not routed'],
  ['224.0.0.0/3', 'multicast, and addresses that many take for nobody’s'],
];
/** Of a cluster: what is wider leaves others too little, what is narrower no node anything. */
const WIDEST = 10;
const NARROWEST = 28;

/** Ranges that a cluster's pods may not share an address with, and whose they are. */
export type Taken = readonly { readonly cidr: string; readonly whose: string }[];

/** Why pods of a cluster cannot have a range, in words for people; none where they can. */
export function podCidrProblems(cidr: string, taken: Taken): string[] {
  const range = parseCidr(cidr);
  if (formatCidr(range) !== cidr) return [`${cidr} has host bits set: did you mean ${formatCidr(range)}?`];
  const problems: string[] = [];
  if (range.prefixLength < WIDEST || range.prefixLength > NARROWEST)
    problems.push(`must be a /${WIDEST} to a /${NARROWEST}`);
  for (const [special, what] of SPECIAL)
    if (overlaps(cidr, special)) problems.push(`overlaps ${special}: ${what}`);
  for (const other of taken)
    if (overlaps(cidr, other.cidr)) problems.push(`overlaps ${other.cidr} of ${other.whose}`);
  return problems;
}

/**
 * Why a node's pods cannot have these ranges.
 * @param clusterCidr its cluster's; null where that has no pods
 * @param mates ranges of the cluster's other nodes, with their names
 */
export function nodePodProblems(
  cidrs: readonly string[],
  clusterCidr: string | null,
  mates: Taken,
): string[] {
  return cidrs.flatMap((cidr, at) => {
    const whole = formatCidr(parseCidr(cidr));
    if (whole !== cidr) return [`${cidr} has host bits set: did you mean ${whole}?`];
    if (clusterCidr === null) return [`${cidr}: the cluster has no pod range`];
    if (!contains(clusterCidr, cidr)) return [`${cidr} is not in the cluster’s pod range ${clusterCidr}`];
    if (cidrs.slice(0, at).some((other) => overlaps(other, cidr))) return [`${cidr} is said twice`];
    return mates
      .filter((mate) => overlaps(mate.cidr, cidr))
      .map((mate) => `${cidr} overlaps ${mate.cidr} of ${mate.whose}`);
  });
}
