/** Kubernetes of clusters: what is found on their nodes, and other releases. */
import { KubernetesState, KubernetesUpgrade } from '@skein/contract/rest/kubernetes.ts';
import { kubernetesState } from '@skein/control/kubernetes/state.ts';
import { upgradeKubernetes } from '@skein/control/kubernetes/upgrade.ts';
import type { ApiHono } from '../../dependencies.ts';
import { IdParams, serve } from '../endpoint.ts';
import { locationOfOperation, OperationDocument } from '../operation/document.ts';
import { PlanSeen } from '../plan-seen.ts';

const StateDocument = KubernetesState.meta({
  id: 'KubernetesState',
  example: {
    wanted: {
      distribution: 'k3s',
      version: 'v1.34.2+k3s1',
      cni: 'flannel',
      flannelBackend: 'vxlan',
      podCidr: '10.128.0.0/18',
      serviceCidr: '10.192.0.0/20',
      server: 'gw-1',
    },
    nodes: [
      {
        peerId: 'peer_0123456789abcdefghjk',
        peer: 'gw-1',
        connected: true,
        seenAt: '2026-11-21T19:00:00.000Z',
        facts: {
          node: 'gw-1',
          distribution: 'k3s',
          version: 'v1.34.2+k3s1',
          podCidrs: ['10.128.0.0/24'],
          cni: 'flannel',
          ready: true,
          answers: true,
          caHash: '3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b',
          kernel: ['vxlan', 'bridge-netfilter'],
          gateway: true,
          problem: null,
        },
      },
    ],
    problems: [],
  },
});
const UpgradeDocument = KubernetesUpgrade.extend(PlanSeen.shape).meta({
  id: 'KubernetesUpgrade',
  example: { version: 'v1.35.0+k3s1' },
});

export function serveKubernetes(app: ApiHono): void {
  serve(app, {
    method: 'get',
    path: '/clusters/{id}/kubernetes',
    tag: 'Clusters',
    summary: 'What Kubernetes a cluster has, and what is found on its nodes',
    params: IdParams,
    answer: StateDocument,
    handle: (context, { params }) => kubernetesState(context, params),
  });
  serve(app, {
    method: 'post',
    path: '/clusters/{id}/kubernetes/upgrade',
    tag: 'Clusters',
    summary: 'Put another release of k3s on every node, one after the other',
    params: IdParams,
    body: UpgradeDocument,
    status: 202,
    answer: OperationDocument,
    location: locationOfOperation,
    handle: (context, { params, body }) => upgradeKubernetes(context, { ...params, ...body }),
  });
}
