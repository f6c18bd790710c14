/** Kubernetes in a cluster: what may be asked for, what a cluster has, what is found on its nodes. */
import { z } from 'zod';
import { KubernetesFacts } from '../agent/kubernetes.ts';
import { Cidr } from '../primitive.ts';

const Time = z.iso.datetime();

/** A release of k3s, which is that of Kubernetes with its own number behind it. */
export const K3sVersion = z
  .string()
  .regex(/^v1\.\d{1,2}\.\d{1,2}\+k3s\d{1,2}$/, 'must be a release such as v1.34.2+k3s1');

/**
 * Who gives pods their network: flannel installed by Skein, k3s's own flannel, Calico or Cilium installed by k3s as it
 * boots, or whatever is there already, which is left alone.
 */
export const Cni = z.enum(['flannel', 'k3s-flannel', 'calico', 'cilium', 'existing']);
export type Cni = z.infer<typeof Cni>;

/** How flannel carries packets between nodes. */
export const FlannelBackend = z.enum(['vxlan', 'host-gw', 'wireguard']);
export type FlannelBackend = z.infer<typeof FlannelBackend>;

/** The release that new clusters get. */
export const K3S_VERSION = 'v1.34.4+k3s1';

/** What a new cluster is to have: k3s made by Skein, or a cluster of your own that agents join. */
export const NewKubernetes = z.discriminatedUnion('distribution', [
  z.object({
    distribution: z.literal('k3s'),
    version: K3sVersion.default(K3S_VERSION),
    cni: Cni.exclude(['existing']).default('flannel'),
    flannelBackend: FlannelBackend.default('vxlan').describe('For `flannel` and `k3s-flannel`'),
    podCidr: Cidr.optional().describe('Each node gets a /24 of it; a /18 is given out when left out'),
    serviceCidr: Cidr.optional().describe('Of its ClusterIPs; a /20 is given out when left out'),
  }),
  z.object({
    distribution: z.literal('existing'),
    podCidr: Cidr.optional().describe(
      'The range of its pods, where no other cluster has the same; they are then reached as they are',
    ),
    serviceCidr: Cidr.optional().describe('The range of its ClusterIPs'),
  }),
]);
export type NewKubernetes = z.infer<typeof NewKubernetes>;

/** What a cluster has. Of an existing one nothing is known but what its owner said. */
export const ClusterKubernetes = z.object({
  distribution: z.enum(['k3s', 'existing']),
  /** The release that its nodes shall have; null where that is not ours to say. */
  version: z.string().nullable(),
  cni: Cni,
  flannelBackend: FlannelBackend.nullable(),
  podCidr: Cidr.nullable(),
  serviceCidr: Cidr.nullable(),
  /** Name of the peer on whose node the API server runs; null where that is not ours. */
  server: z.string().nullable(),
});
export type ClusterKubernetes = z.infer<typeof ClusterKubernetes>;

/** A node as its own agent tells of it. */
export const KubernetesNode = z.object({
  peerId: z.string(),
  peer: z.string(),
  connected: z.boolean(),
  seenAt: Time.nullable(),
  /** Null where its agent has found no Kubernetes on it. */
  facts: KubernetesFacts.nullable(),
});
export type KubernetesNode = z.infer<typeof KubernetesNode>;

/** What is found in a cluster, beside what it shall have. */
export const KubernetesState = z.object({
  wanted: ClusterKubernetes,
  nodes: z.array(KubernetesNode),
  /** In words, with what to do about it. */
  problems: z.array(z.string()),
});
export type KubernetesState = z.infer<typeof KubernetesState>;

export const KubernetesUpgrade = z.object({ version: K3sVersion });
