/** What steps read of a cluster's objects, and no more of them. */
import { z } from 'zod';

export const Node = z.object({
  metadata: z.object({ name: z.string(), resourceVersion: z.string().optional() }),
  spec: z.object({ podCIDR: z.string().optional(), unschedulable: z.boolean().optional() }).default({}),
  status: z.object({
    conditions: z
      .array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() }))
      .default([]),
    nodeInfo: z.object({ kubeletVersion: z.string() }),
  }),
});
export type Node = z.infer<typeof Node>;
export const NodeList = z.object({ items: z.array(Node) });

export const DaemonSet = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string(), generation: z.number().default(0) }),
  spec: z.object({
    selector: z
      .object({ matchLabels: z.record(z.string(), z.string()).default({}) })
      .default({ matchLabels: {} }),
  }),
  status: z
    .object({
      observedGeneration: z.number().default(0),
      desiredNumberScheduled: z.number().default(0),
      updatedNumberScheduled: z.number().default(0),
      numberReady: z.number().default(0),
    })
    .default({ observedGeneration: 0, desiredNumberScheduled: 0, updatedNumberScheduled: 0, numberReady: 0 }),
});
export type DaemonSet = z.infer<typeof DaemonSet>;

const ContainerStatus = z.object({
  name: z.string(),
  ready: z.boolean().default(false),
  state: z
    .object({
      waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
      terminated: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
    })
    .default({}),
});
export const Pod = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    ownerReferences: z.array(z.object({ kind: z.string() })).default([]),
    annotations: z.record(z.string(), z.string()).default({}),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.object({ nodeName: z.string().optional() }),
  status: z
    .object({
      phase: z.string().default('Pending'),
      podIP: z.string().optional(),
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() }))
        .default([]),
      initContainerStatuses: z.array(ContainerStatus).default([]),
      containerStatuses: z.array(ContainerStatus).default([]),
    })
    .default({ phase: 'Pending', conditions: [], initContainerStatuses: [], containerStatuses: [] }),
});
export type Pod = z.infer<typeof Pod>;
export const PodList = z.object({ items: z.array(Pod) });

export function isReady(object: Pick<Node, 'status'> | Pick<Pod, 'status'>): boolean {
  return object.status.conditions.some((one) => one.type === 'Ready' && one.status === 'True');
}

/** Why a pod is not ready, in words; null where it is. */
export function troubleOf(pod: Pod): string | null {
  if (isReady(pod)) return null;
  const { nodeName = 'no node' } = pod.spec;
  const all = [...pod.status.initContainerStatuses, ...pod.status.containerStatuses];
  const stuck = all.find((one) => !one.ready && (one.state.waiting ?? one.state.terminated));
  const { reason, message } = stuck?.state.waiting ?? stuck?.state.terminated ?? {};
  const unscheduled = pod.status.conditions.find((one) => one.status === 'False' && one.message)?.message;
  const why = [reason, message ?? unscheduled].filter(Boolean).join(': ') || `it is ${pod.status.phase}`;
  return `on ${nodeName}: ${why.slice(0, 300)}`;
}

/** Pods of a DaemonSet, or of whatever bears these labels. */
export function podsPath(namespace: string, labels: Readonly<Record<string, string>>): string {
  const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(selector.join(','))}`;
}

/** Whether the newest of it runs on as many nodes as it should, and on at least so many. */
export function runsEverywhere({ metadata, status }: DaemonSet, nodes: number): boolean {
  return (
    status.observedGeneration >= metadata.generation &&
    status.desiredNumberScheduled >= nodes &&
    status.updatedNumberScheduled >= status.desiredNumberScheduled &&
    status.numberReady >= status.desiredNumberScheduled
  );
}
