import { type ClusterRange, type NewDockerNetwork, WIDEST_RANGE } from '@skein/contract/rest/range.ts';
import { parseCidr } from '@skein/mesh/ipam/cidr.ts';
import type { Context } from '../context.ts';
import { writeRange } from './write.ts';

/** Of a Docker network that is made. */
const USUAL_PREFIX = 24;

/**
 * Lets the network reach the containers of a Docker network on a peer's host: one that is there, whose subnet is
 * translated, or one that its agent makes with the addresses that are given out here.
 */
export function addDockerNetwork(
  context: Context,
  input: { clusterId: string } & NewDockerNetwork,
): Promise<ClusterRange> {
  const { clusterId, peerId, name, network, cidr, prefixLength } = input;
  return writeRange(context, clusterId, {
    name,
    peerId,
    cidr: cidr ?? null,
    prefixLength:
      cidr === undefined
        ? (prefixLength ?? USUAL_PREFIX)
        : Math.max(WIDEST_RANGE, parseCidr(cidr).prefixLength),
    docker: network ?? name,
    replies: 'routed',
    hosts: [],
  });
}
