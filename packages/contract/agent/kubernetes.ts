/** What the agent tells of Kubernetes on its node, and what the control plane asks of a cluster's API server through it. */
import { z } from 'zod';
import { Cidr, Ipv4 } from '../primitive.ts';

/** What is found on a node of a Kubernetes cluster. */
export const KubernetesFacts = z.object({
  /** Name of its Node object. */
  node: z.string().max(253),
  distribution: z.enum(['k3s', 'existing']),
  /** The kubelet's. */
  version: z.string().max(100).nullable(),
  podCidrs: z.array(Cidr).max(8),
  /** As its configuration on the node names it: `flannel`, `calico`, `cilium` … Null where there is none. */
  cni: z.string().max(60).nullable(),
  /** The condition `Ready` of the Node object. */
  ready: z.boolean(),
  /** This agent passes on what the control plane asks of the API server. */
  answers: z.boolean(),
  /** SHA-256 (hex) of the cluster's CA as the API server shows it, by which new nodes know it; where `answers`. */
  caHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  /** What the node's kernel can do that some CNI needs. */
  kernel: z.array(z.enum(['vxlan', 'wireguard', 'bridge-netfilter'])).max(8),
  /** The node bears the label that makes it a gateway. */
  gateway: z.boolean(),
  problem: z.string().max(500).nullable(),
});
export type KubernetesFacts = z.infer<typeof KubernetesFacts>;

/** Bodies of requests and answers, as JSON. A frame has more room than this. */
export const MAX_KUBERNETES_BYTES = 3 * 1024 * 1024;
/** The agent has answered by then, if only that the API server has not. */
export const KUBERNETES_ANSWER_SECONDS = 20;

export const KubernetesQuestion = z.discriminatedUnion('ask', [
  /** Of the API server, from the list that both sides know; anything else is refused by the agent. */
  z.object({
    ask: z.literal('request'),
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
    path: z.string().max(1000),
    contentType: z.string().max(100).nullable(),
    body: z.unknown(),
  }),
  /** Which of these addresses answer a ping from here, sent from the node's own pod range. */
  z.object({ ask: z.literal('ping'), addresses: z.array(Ipv4).max(100) }),
  /** Put this release of k3s onto the node, by the script that was left there when it was made. */
  z.object({ ask: z.literal('upgrade'), version: z.string().max(40) }),
]);
export type KubernetesQuestion = z.infer<typeof KubernetesQuestion>;

export const KubernetesReply = z.discriminatedUnion('answer', [
  /** Of the API server. */
  z.object({ answer: z.literal('response'), status: z.int(), body: z.unknown() }),
  z.object({ answer: z.literal('pinged'), answered: z.array(Ipv4).max(100) }),
  /** The release was put in place; the node will be back in a moment. */
  z.object({ answer: z.literal('upgraded') }),
  /** The agent did not do it. */
  z.object({ answer: z.literal('refused'), reason: z.string().max(1000) }),
]);
export type KubernetesReply = z.infer<typeof KubernetesReply>;
