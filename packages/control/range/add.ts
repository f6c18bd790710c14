import { type ClusterRange, type NewRange, WIDEST_RANGE } from '@skein/contract/rest/range.ts';
import { parseCidr } from '@skein/mesh/ipam/cidr.ts';
import type { Context } from '../context.ts';
import { writeRange } from './write.ts';

/** Lets the network reach what is behind a cluster and runs no agent, by addresses that are given out here. */
export function addRange(context: Context, input: { clusterId: string } & NewRange): Promise<ClusterRange> {
  const { clusterId, ...wish } = input;
  // What is wider is refused, with that as the reason.
  const prefixLength = Math.max(WIDEST_RANGE, parseCidr(wish.cidr).prefixLength);
  return writeRange(context, clusterId, { ...wish, prefixLength, docker: null });
}
