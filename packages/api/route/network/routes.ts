/** Networks: plan, make, change, delete. */
import { PageQuery, pageOf } from '@skein/contract/rest/page.ts';
import { changeNetwork } from '@skein/control/network/change.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { deleteNetwork } from '@skein/control/network/delete.ts';
import { getNetwork } from '@skein/control/network/get.ts';
import { listNetworks } from '@skein/control/network/list.ts';
import { planNetwork } from '@skein/control/network/plan.ts';
import { planChange } from '@skein/control/network/plan-change.ts';
import { raiseEpoch } from '@skein/control/network/raise-epoch.ts';
import { z } from 'zod';
import type { ApiHono } from '../../dependencies.ts';
import { IdParams, serve } from '../endpoint.ts';
import { locationOfOperation, OperationDocument } from '../operation/document.ts';
import { PlanSeen } from '../plan-seen.ts';
import {
  CreateNetworkDocument,
  NetworkChangeDocument,
  NetworkDocument,
  NetworkPlanDocument,
  NewNetworkDocument,
  PlannedChangeDocument,
} from './document.ts';

export function serveNetworks(app: ApiHono): void {
  serve(app, {
    method: 'get',
    path: '/networks',
    tag: 'Networks',
    summary: 'Networks',
    query: PageQuery,
    answer: pageOf(NetworkDocument),
    handle: (context, { query }) => listNetworks(context, query),
  });
  serve(app, {
    method: 'post',
    path: '/networks/plan',
    tag: 'Networks',
    summary: 'What making a network would make',
    description: 'Changes nothing. Send the plan’s `hash` as `planHash` to make exactly this.',
    body: NewNetworkDocument,
    answer: NetworkPlanDocument,
    handle: (context, { body }) => planNetwork(context, body),
  });
  serve(app, {
    method: 'post',
    path: '/networks',
    tag: 'Networks',
    summary: 'Make a network',
    body: CreateNetworkDocument,
    status: 202,
    answer: z.object({ network: NetworkDocument, operation: OperationDocument }),
    location: ({ operation }) => locationOfOperation(operation),
    handle: (context, { body }) => createNetwork(context, body),
  });
  serve(app, {
    method: 'get',
    path: '/networks/{id}',
    tag: 'Networks',
    summary: 'One network',
    params: IdParams,
    answer: NetworkDocument,
    handle: (context, { params }) => getNetwork(context, params),
  });
  serve(app, {
    method: 'post',
    path: '/networks/{id}/plan',
    tag: 'Networks',
    summary: 'What a change of the network would do',
    description: 'Changes nothing. Send the plan’s `hash` as `planHash` to make exactly this change.',
    params: IdParams,
    body: PlannedChangeDocument,
    answer: NetworkPlanDocument,
    handle: (context, { params, body }) => planChange(context, { id: params.id, change: body }),
  });
  serve(app, {
    method: 'post',
    path: '/networks/{id}/raise-epoch',
    tag: 'Networks',
    summary: 'Begin a new epoch after a restore of the database',
    description:
      'Agents refuse maps older than the one they hold, which is what a database restored from a backup has. A new epoch begins the numbers anew.',
    params: IdParams,
    answer: z.object({ epoch: z.int() }),
    handle: (context, { params }) => raiseEpoch(context, params),
  });
  serve(app, {
    method: 'patch',
    path: '/networks/{id}',
    tag: 'Networks',
    summary: 'Change the topology, open ports, peering, and what is done about drift',
    description: 'What is left out stays as it is.',
    params: IdParams,
    body: NetworkChangeDocument,
    status: 202,
    answer: OperationDocument,
    location: locationOfOperation,
    handle: (context, { params, body }) => changeNetwork(context, { ...params, ...body }),
  });
  serve(app, {
    method: 'delete',
    path: '/networks/{id}',
    tag: 'Networks',
    summary: 'Delete a network and everything that Skein made for it',
    params: IdParams,
    query: PlanSeen.extend({ confirm: z.string().max(60).default('').describe('The network’s name') }),
    status: 202,
    answer: OperationDocument,
    location: locationOfOperation,
    handle: (context, { params, query }) => deleteNetwork(context, { ...params, ...query }),
  });
}
