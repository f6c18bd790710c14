/** Clusters of a network, and their nodes. */
import { NewCluster } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { NewNodes } from '@skein/contract/rest/peer.ts';
import { ClusterPods } from '@skein/contract/rest/pods.ts';
import { addCluster } from '@skein/control/cluster/add.ts';
import { addNodes } from '@skein/control/cluster/add-nodes.ts';
import { getCluster } from '@skein/control/cluster/get.ts';
import { listClusters } from '@skein/control/cluster/list.ts';
import { removeCluster } from '@skein/control/cluster/remove.ts';
import { setClusterPods } from '@skein/control/cluster/set-pods.ts';
import { z } from 'zod';
import type { ApiHono } from '../../dependencies.ts';
import { IdParams, serve, wholePage } from '../endpoint.ts';
import { locationOfOperation, OperationDocument } from '../operation/document.ts';
import { PlanSeen } from '../plan-seen.ts';
import { ClusterDocument } from './document.ts';

const AddClusterDocument = NewCluster.extend(PlanSeen.shape).meta({
  id: 'AddCluster',
  example: { name: 'recovery', cloudAccountId: 'acc_0123456789abcdefghjk', region: 'us-west-2', nodes: 2 },
});
const NewNodesDocument = NewNodes.extend(PlanSeen.shape).meta({ id: 'NewNodes', example: { count: 2 } });

export function serveClusters(app: ApiHono): void {
  serve(app, {
    method: 'get',
    path: '/networks/{id}/clusters',
    tag: 'Clusters',
    summary: 'Clusters of a network',
    params: IdParams,
    answer: pageOf(ClusterDocument),
    handle: async (context, { params }) => wholePage(await listClusters(context, { networkId: params.id })),
  });
  serve(app, {
    method: 'post',
    path: '/networks/{id}/clusters',
    tag: 'Clusters',
    summary: 'Add a cluster',
    params: IdParams,
    body: AddClusterDocument,
    status: 202,
    answer: OperationDocument,
    location: locationOfOperation,
    handle: (context, { params, body }) => addCluster(context, { networkId: params.id, ...body }),
  });
  serve(app, {
    method: 'get',
    path: '/clusters/{id}',
    tag: 'Clusters',
    summary: 'One cluster',
    params: IdParams,
    answer: ClusterDocument,
    handle: (context, { params }) => getCluster(context, params),
  });
  serve(app, {
    method: 'delete',
    path: '/clusters/{id}',
    tag: 'Clusters',
    summary: 'Remove a cluster and everything that Skein made for it',
    params: IdParams,
    query: PlanSeen.extend({ confirm: z.string().max(60).default('').describe('The cluster’s name') }),
    status: 202,
    answer: OperationDocument,
    location: locationOfOperation,
    handle: (context, { params, query }) => removeCluster(context, { ...params, ...query }),
  });
  serve(app, {
    method: 'put',
    path: '/clusters/{id}/pods',
    tag: 'Clusters',
    summary: 'Say what the pod ranges of the cluster’s nodes are cut from',
    description:
      'For clusters whose Kubernetes Skein did not make. No other cluster of the organization may have addresses of it: then its pods are reached as they are. Where another has, add ranges instead, which are translated.',
    params: IdParams,
    body: ClusterPods,
    answer: ClusterDocument,
    handle: (context, { params, body }) => setClusterPods(context, { ...params, ...body }),
  });
  serve(app, {
    method: 'post',
    path: '/clusters/{id}/nodes',
    tag: 'Clusters',
    summary: 'Make more nodes in the cluster’s cloud',
    params: IdParams,
    body: NewNodesDocument,
    status: 202,
    answer: OperationDocument,
    location: locationOfOperation,
    handle: (context, { params, body }) => addNodes(context, { ...params, ...body }),
  });
}
