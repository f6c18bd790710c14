/** Ranges: what is behind a cluster and runs no agent. */
import { pageOf } from '@skein/contract/rest/page.ts';
import { ClusterRange, NewDockerNetwork, NewRange } from '@skein/contract/rest/range.ts';
import { addRange } from '@skein/control/range/add.ts';
import { addDockerNetwork } from '@skein/control/range/add-docker.ts';
import { listRanges } from '@skein/control/range/list.ts';
import { removeRange } from '@skein/control/range/remove.ts';
import type { ApiHono } from '../../dependencies.ts';
import { IdParams, serve, wholePage } from '../endpoint.ts';

const RangeDocument = ClusterRange.meta({
  id: 'Range',
  example: {
    id: 'rng_0123456789abcdefghjk',
    networkId: 'net_0123456789abcdefghjk',
    clusterId: 'clu_0123456789abcdefghjk',
    peerId: null,
    name: 'office',
    cidr: '10.0.0.0/16',
    overlayCidr: '242.1.0.0/16',
    replies: 'masqueraded',
    docker: null,
    hosts: [{ name: 'printer', address: '10.0.7.9', overlayAddress: '242.1.7.9' }],
    createdAt: '2026-11-21T19:00:00.000Z',
  },
});
const NewRangeDocument = NewRange.meta({
  id: 'NewRange',
  example: { name: 'office', cidr: '10.0.0.0/16', hosts: [{ name: 'printer', address: '10.0.7.9' }] },
});

const NewDockerDocument = NewDockerNetwork.meta({
  id: 'NewDockerNetwork',
  example: { peerId: 'peer_0123456789abcdefghjk', name: 'shop' },
});

export function serveRanges(app: ApiHono): void {
  serve(app, {
    method: 'get',
    path: '/clusters/{id}/ranges',
    tag: 'Ranges',
    summary: 'Ranges behind a cluster',
    params: IdParams,
    answer: pageOf(RangeDocument),
    handle: async (context, { params }) => wholePage(await listRanges(context, { clusterId: params.id })),
  });
  serve(app, {
    method: 'post',
    path: '/clusters/{id}/ranges',
    tag: 'Ranges',
    summary: 'Let the network reach a range behind the cluster',
    description:
      'Hosts of a VPC or an office, pods of a node: what runs no agent. Skein gives the range addresses of its own, one for each of its hosts, so that any number of clusters may be the same inside.',
    params: IdParams,
    body: NewRangeDocument,
    status: 201,
    answer: RangeDocument,
    handle: (context, { params, body }) => addRange(context, { clusterId: params.id, ...body }),
  });
  serve(app, {
    method: 'post',
    path: '/clusters/{id}/docker-networks',
    tag: 'Ranges',
    summary: 'Let the network reach the containers of a Docker network',
    description:
      'A range behind one peer: the Docker network is made by its agent, with addresses that Skein gives out, or is there already and is translated. Containers are called `NAME.PEER.CLUSTER.ZONE`, see who asks, and may ask themselves.',
    params: IdParams,
    body: NewDockerDocument,
    status: 201,
    answer: RangeDocument,
    handle: (context, { params, body }) => addDockerNetwork(context, { clusterId: params.id, ...body }),
  });
  serve(app, {
    method: 'delete',
    path: '/ranges/{id}',
    tag: 'Ranges',
    summary: 'Remove a range',
    params: IdParams,
    handle: (context, { params }) => removeRange(context, params),
  });
}
