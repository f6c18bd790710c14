/** Services that answer across clusters: those that Kubernetes clusters export, and those of plain hosts. */
import { pageOf } from '@skein/contract/rest/page.ts';
import { HostService, NewService, Service } from '@skein/contract/rest/service.ts';
import { addService } from '@skein/control/service/add.ts';
import { listServices } from '@skein/control/service/list.ts';
import { removeService } from '@skein/control/service/remove.ts';
import type { ApiHono } from '../../dependencies.ts';
import { IdParams, serve, wholePage } from '../endpoint.ts';

const PORTS = [{ name: '', protocol: 'TCP' as const, port: 80, targetPort: 8080 }];
const HostServiceDocument = HostService.meta({
  id: 'HostService',
  example: {
    id: 'svc_0123456789abcdefghjk',
    networkId: 'net_0123456789abcdefghjk',
    namespace: 'shop',
    name: 'search',
    ports: PORTS,
    peerId: null,
    labels: { tier: 'search' },
    check: { kind: 'http', port: 8080, path: '/ready' },
    createdAt: '2026-11-21T19:00:00.000Z',
  },
});
const NewServiceDocument = NewService.meta({
  id: 'NewService',
  example: {
    namespace: 'shop',
    name: 'search',
    ports: PORTS,
    labels: { tier: 'search' },
    check: { kind: 'http', path: '/ready' },
  },
});
const ServiceDocument = Service.meta({
  id: 'Service',
  example: {
    namespace: 'shop',
    name: 'search',
    host: 'search.shop.svc.clusterset.local',
    type: 'ClusterSetIP',
    ports: [{ name: '', protocol: 'TCP', port: 80, appProtocol: null }],
    conflict: null,
    sources: [
      {
        clusterId: 'clu_0123456789abcdefghjk',
        cluster: 'office',
        kind: 'hosts',
        serviceId: 'svc_0123456789abcdefghjk',
        exportedAt: '2026-11-21T19:00:00.000Z',
        gone: false,
        ready: 1,
        total: 1,
        endpoints: [{ address: '100.64.2.11', ready: true, name: 'search-1', problem: null }],
      },
    ],
    answers: [{ clusterId: 'clu_0123456789abcdefghjk', cluster: 'office', from: ['office'] }],
  },
});

export function serveMeshServices(app: ApiHono): void {
  serve(app, {
    method: 'get',
    path: '/networks/{id}/services',
    tag: 'Services',
    summary: 'Services of a network',
    description:
      'What Kubernetes clusters export by a ServiceExport, and what plain hosts serve, each with where it answers from, and with the reason where its exports do not agree.',
    params: IdParams,
    answer: pageOf(ServiceDocument),
    handle: async (context, { params }) => wholePage(await listServices(context, { networkId: params.id })),
  });
  serve(app, {
    method: 'post',
    path: '/networks/{id}/services',
    tag: 'Services',
    summary: 'Export a service of plain hosts',
    description:
      'One host, or all peers with some labels. It answers as NAME.NAMESPACE.svc.clusterset.local everywhere in the network, and is imported by Kubernetes clusters that have the namespace.',
    params: IdParams,
    body: NewServiceDocument,
    status: 201,
    answer: HostServiceDocument,
    handle: (context, { params, body }) => addService(context, { networkId: params.id, ...body }),
  });
  serve(app, {
    method: 'delete',
    path: '/services/{id}',
    tag: 'Services',
    summary: 'Export a service of plain hosts no more',
    params: IdParams,
    handle: (context, { params }) => removeService(context, params),
  });
}
