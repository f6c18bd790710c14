/** Kubernetes' own objects as services are read from them: what is looked at of each, and nothing else is relied on. */

export interface Metadata {
  name: string;
  namespace?: string;
  uid?: string;
  generation?: number;
  resourceVersion?: string;
  creationTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  lastTransitionTime: string;
  observedGeneration?: number;
}
export interface ServiceExportObject {
  metadata: Metadata;
  spec?: { exportedLabels?: Record<string, string>; exportedAnnotations?: Record<string, string> };
  status?: { conditions?: Condition[] };
}
export interface ServiceImportObject {
  metadata: Metadata;
  spec: {
    type: 'ClusterSetIP' | 'Headless';
    ips?: string[];
    ports: { name?: string; protocol?: string; port: number; appProtocol?: string }[];
  };
  status?: { conditions?: Condition[]; clusters?: { cluster: string }[] };
}
export interface ServiceObject {
  metadata: Metadata;
  spec: {
    type?: string;
    clusterIP?: string;
    clusterIPs?: string[];
    ports?: {
      name?: string;
      protocol?: string;
      port: number;
      targetPort?: number | string;
      appProtocol?: string;
    }[];
    sessionAffinity?: string;
    sessionAffinityConfig?: { clientIP?: { timeoutSeconds?: number } };
    internalTrafficPolicy?: string;
    trafficDistribution?: string;
  };
}
export interface EndpointSliceObject {
  metadata: Metadata;
  addressType: string;
  ports?: { name?: string; protocol?: string; port?: number; appProtocol?: string }[] | null;
  endpoints?:
    | {
        addresses: string[];
        conditions?: { ready?: boolean | null; serving?: boolean | null; terminating?: boolean | null };
        hostname?: string;
        nodeName?: string;
        zone?: string;
      }[]
    | null;
}
