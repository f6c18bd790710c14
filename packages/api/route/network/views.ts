/** What a network looks like: topology, names, cloud resources, live. */
import { createRoute } from '@hono/zod-openapi';
import { pageOf } from '@skein/contract/rest/page.ts';
import { followNetwork } from '@skein/control/network/follow.ts';
import { listRecords } from '@skein/control/network/records.ts';
import { listResources } from '@skein/control/network/resources.ts';
import { viewTopology } from '@skein/control/network/topology.ts';
import { z } from 'zod';
import type { ApiHono } from '../../dependencies.ts';
import { eventStream, type StreamEvent } from '../../event-stream.ts';
import { IdParams, refusals, serve, wholePage } from '../endpoint.ts';
import { CloudResourceDocument, DnsRecordDocument, TopologyDocument } from './document.ts';

export function serveNetworkViews(app: ApiHono): void {
  serve(app, {
    method: 'get',
    path: '/networks/{id}/topology',
    tag: 'Networks',
    summary: 'Peers and the links between them',
    params: IdParams,
    answer: TopologyDocument,
    handle: (context, { params }) => viewTopology(context, params),
  });
  serve(app, {
    method: 'get',
    path: '/networks/{id}/records',
    tag: 'Networks',
    summary: 'Names and what they answer in each view',
    params: IdParams,
    answer: pageOf(DnsRecordDocument),
    handle: async (context, { params }) => wholePage(await listRecords(context, params)),
  });
  serve(app, {
    method: 'get',
    path: '/networks/{id}/resources',
    tag: 'Networks',
    summary: 'What the clouds hold for this network',
    params: IdParams,
    answer: pageOf(CloudResourceDocument),
    handle: async (context, { params }) => wholePage(await listResources(context, params)),
  });
  app.openapi(events, (c) => {
    const { id } = c.req.valid('param');
    return eventStream(c.var.control.actor.organizationId, c.req.raw, (signal) =>
      named(followNetwork(c.var.control, { id, signal })),
    );
  });
}

const events = createRoute({
  method: 'get',
  path: '/networks/{id}/events',
  tags: ['Networks'],
  summary: 'The topology, live',
  description:
    'Server-sent events `topology`: the whole view, first at once and then whenever it changed. A reader that connects again gets the whole view first, so nothing is missed.',
  operationId: 'get-networks-id-events',
  security: [{ bearer: [] }, { session: [] }],
  request: { params: IdParams },
  responses: {
    200: { description: 'A stream', content: { 'text/event-stream': { schema: z.string() } } },
    ...refusals(false, true, false),
  },
});

async function* named(source: ReturnType<typeof followNetwork>): AsyncGenerator<StreamEvent> {
  for await (const view of source) yield { event: 'topology', data: view };
}
