/** Pod ranges, as the REST API sets them where no Kubernetes of Skein's does. */
import { z } from 'zod';
import { Cidr } from '../primitive.ts';

export const ClusterPods = z.object({
  podCidr: Cidr.nullable().describe(
    'What the nodes’ pod ranges are cut from, /10 to /28, and no other cluster’s of the organization; null takes the cluster’s pods out of the network',
  ),
});
export type ClusterPods = z.infer<typeof ClusterPods>;

export const PeerPods = z.object({
  podCidrs: z.array(Cidr).max(8).describe('The pod ranges of the peer’s node, within its cluster’s'),
});
export type PeerPods = z.infer<typeof PeerPods>;
