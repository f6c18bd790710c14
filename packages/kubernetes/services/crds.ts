/** The kinds of the multi-cluster services API (sigs.k8s.io/mcs-api, schema of release 0.5), made where nobody made them. */
import { type KubernetesObject, MANAGED } from '../object.ts';

export const MCS_GROUP = 'multicluster.x-k8s.io';
export const MCS_VERSION = `${MCS_GROUP}/v1beta1`;
export const SERVICE_NAME_LABEL = 'multicluster.kubernetes.io/service-name';
export const SOURCE_CLUSTER_LABEL = 'multicluster.kubernetes.io/source-cluster';

const text = { type: 'string' };
const texts = { type: 'object', additionalProperties: text };
const number = { type: 'integer', format: 'int32' };

const CONDITIONS = {
  type: 'array',
  items: {
    type: 'object',
    required: ['lastTransitionTime', 'message', 'reason', 'status', 'type'],
    properties: {
      lastTransitionTime: { type: 'string', format: 'date-time' },
      message: { type: 'string', maxLength: 32768 },
      observedGeneration: { type: 'integer', format: 'int64', minimum: 0 },
      reason: {
        type: 'string',
        minLength: 1,
        maxLength: 1024,
        pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
      },
      status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
      type: { type: 'string', maxLength: 316 },
    },
  },
  'x-kubernetes-list-map-keys': ['type'],
  'x-kubernetes-list-type': 'map',
};

const EXPORT = {
  spec: { type: 'object', properties: { exportedAnnotations: texts, exportedLabels: texts } },
  status: { type: 'object', properties: { conditions: CONDITIONS } },
};

const IMPORT = {
  spec: {
    type: 'object',
    required: ['ports', 'type'],
    properties: {
      internalTrafficPolicy: text,
      ipFamilies: { type: 'array', maxItems: 2, items: text },
      ips: { type: 'array', maxItems: 2, items: text },
      ports: {
        type: 'array',
        items: {
          type: 'object',
          required: ['port'],
          properties: { appProtocol: text, name: text, port: number, protocol: text },
        },
        'x-kubernetes-list-type': 'atomic',
      },
      sessionAffinity: text,
      sessionAffinityConfig: {
        type: 'object',
        properties: { clientIP: { type: 'object', properties: { timeoutSeconds: number } } },
      },
      trafficDistribution: text,
      type: { type: 'string', enum: ['ClusterSetIP', 'Headless'] },
    },
  },
  status: {
    type: 'object',
    properties: {
      clusters: {
        type: 'array',
        items: { type: 'object', required: ['cluster'], properties: { cluster: text } },
        'x-kubernetes-list-map-keys': ['cluster'],
        'x-kubernetes-list-type': 'map',
      },
      conditions: CONDITIONS,
    },
  },
};

/** Both are served under the older version too, as the CoreDNS plugin and older clients ask for it. */
export function mcsKinds(): KubernetesObject[] {
  return [
    kind('ServiceExport', 'serviceexports', ['svcex', 'svcexport'], EXPORT, []),
    kind('ServiceImport', 'serviceimports', ['svcim', 'svcimport'], IMPORT, [
      { name: 'Type', type: 'string', jsonPath: '.spec.type' },
      { name: 'IP', type: 'string', jsonPath: '.spec.ips' },
    ]),
  ];
}

function kind(
  name: string,
  plural: string,
  shortNames: string[],
  properties: object,
  columns: object[],
): KubernetesObject {
  const version = (version: string, storage: boolean) => ({
    name: version,
    served: true,
    storage,
    subresources: { status: {} },
    additionalPrinterColumns: [
      ...columns,
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: { apiVersion: text, kind: text, metadata: { type: 'object' }, ...properties },
      },
    },
  });
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${MCS_GROUP}`,
      labels: { ...MANAGED, 'multicluster.x-k8s.io/release-version': 'v0.5.0' },
      // API groups of the community are to say under which approval they are.
      annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes/enhancements/pull/1748' },
    },
    spec: {
      group: MCS_GROUP,
      scope: 'Namespaced',
      names: { plural, singular: name.toLowerCase(), kind: name, listKind: `${name}List`, shortNames },
      versions: [version('v1alpha1', false), version('v1beta1', true)],
    },
  };
}
