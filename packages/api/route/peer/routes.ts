/** Peers: agents on nodes. */
import { PageQuery, pageOf } from '@skein/contract/rest/page.ts';
import { RelayChoice, RoleChoice } from '@skein/contract/rest/peer.ts';
import { PeerPods } from '@skein/contract/rest/pods.ts';
import { getPeer } from '@skein/control/peer/get.ts';
import { listPeers } from '@skein/control/peer/list.ts';
import { setRelay } from '@skein/control/peer/relay.ts';
import { removePeer } from '@skein/control/peer/remove.ts';
import { rotateKey } from '@skein/control/peer/rotate-key.ts';
import { setPeerPods } from '@skein/control/peer/set-pods.ts';
import { setRole } from '@skein/control/peer/set-role.ts';
import type { ApiHono } from '../../dependencies.ts';
import { IdParams, serve } from '../endpoint.ts';
import { locationOfOperation, OperationDocument } from '../operation/document.ts';
import { PlanSeen } from '../plan-seen.ts';
import { PeerDocument } from './document.ts';

export function servePeers(app: ApiHono): void {
  serve(app, {
    method: 'get',
    path: '/networks/{id}/peers',
    tag: 'Peers',
    summary: 'Peers of a network',
    params: IdParams,
    query: PageQuery,
    answer: pageOf(PeerDocument),
    handle: (context, { params, query }) => listPeers(context, { networkId: params.id, ...query }),
  });
  serve(app, {
    method: 'get',
    path: '/peers/{id}',
    tag: 'Peers',
    summary: 'One peer',
    params: IdParams,
    answer: PeerDocument,
    handle: (context, { params }) => getPeer(context, params),
  });
  serve(app, {
    method: 'post',
    path: '/peers/{id}/rotate-key',
    tag: 'Peers',
    summary: 'Replace the WireGuard key of a peer',
    description:
      'Its agent makes the new key and changes over to it without losing packets, now or when it is next connected. Agents replace their keys every day by themselves.',
    params: IdParams,
    answer: PeerDocument,
    handle: (context, { params }) => rotateKey(context, params),
  });
  serve(app, {
    method: 'put',
    path: '/peers/{id}/relay',
    tag: 'Peers',
    summary: 'Let a peer relay for others, or no more',
    description:
      'A peer with a public address passes on what two others send each other that find no way of their own, such as two behind NATs that cannot be opened. It sees nothing of what it passes on. Its cloud must let UDP ports 20000 to 27999 in.',
    params: IdParams,
    body: RelayChoice,
    answer: PeerDocument,
    handle: (context, { params, body }) => setRelay(context, { ...params, ...body }),
  });
  serve(app, {
    method: 'put',
    path: '/peers/{id}/role',
    tag: 'Peers',
    summary: 'Make a plain host a gateway, or a member again',
    description:
      'A cluster has up to four gateways, all at work at the same time: flows spread over them and go on by the others when one fails. Nodes that Skein makes are gateways from the start: begin their cluster with as many as it should have.',
    params: IdParams,
    body: RoleChoice,
    answer: PeerDocument,
    handle: (context, { params, body }) => setRole(context, { ...params, ...body }),
  });
  serve(app, {
    method: 'put',
    path: '/peers/{id}/pods',
    tag: 'Peers',
    summary: 'Say which pod ranges a node has',
    description:
      'For nodes whose pods no Kubernetes known to their agent names. The ranges lie within the cluster’s pod range, and are reached from the whole network as they are.',
    params: IdParams,
    body: PeerPods,
    answer: PeerDocument,
    handle: (context, { params, body }) => setPeerPods(context, { ...params, ...body }),
  });
  serve(app, {
    method: 'delete',
    path: '/peers/{id}',
    tag: 'Peers',
    summary: 'Remove a peer, and its instance where Skein made it',
    params: IdParams,
    query: PlanSeen,
    status: 202,
    answer: OperationDocument,
    location: locationOfOperation,
    handle: (context, { params, query }) => removePeer(context, { ...params, ...query }),
  });
}
