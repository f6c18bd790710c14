/** Asynchronous work: its steps, its log, and what can be done about a failure. */
import { createRoute } from '@hono/zod-openapi';
import { PageQuery, pageOf } from '@skein/contract/rest/page.ts';
import { cancelOperation } from '@skein/control/operation/cancel.ts';
import { followOperation } from '@skein/control/operation/follow.ts';
import { getOperation } from '@skein/control/operation/get.ts';
import { listOperations } from '@skein/control/operation/list.ts';
import { listLog } from '@skein/control/operation/log.ts';
import { retryStep } from '@skein/control/operation/retry-step.ts';
import { z } from 'zod';
import type { ApiHono } from '../../dependencies.ts';
import { eventStream, type StreamEvent } from '../../event-stream.ts';
import { IdParams, refusals, serve } from '../endpoint.ts';
import {
  LogLineDocument,
  locationOfOperation,
  OperationDocument,
  OperationSummaryDocument,
} from './document.ts';

const LogId = z.string().regex(/^\d{1,18}$/, 'must be the id of a log line');
const LogQuery = z.object({
  after: LogId.optional().describe('Only lines after the one with this id'),
  limit: z.coerce.number().int().min(1).max(1000).default(500),
});
const StepParams = IdParams.extend({
  stepId: z.string().max(60).meta({ example: 'step_0123456789abcdefghjk' }),
});

export function serveOperations(app: ApiHono): void {
  serve(app, {
    method: 'get',
    path: '/operations',
    tag: 'Operations',
    summary: 'Operations, newest first',
    query: PageQuery.extend({ networkId: z.string().max(60).optional() }),
    answer: pageOf(OperationSummaryDocument),
    handle: (context, { query }) => listOperations(context, query),
  });
  serve(app, {
    method: 'get',
    path: '/operations/{id}',
    tag: 'Operations',
    summary: 'One operation with its steps',
    params: IdParams,
    answer: OperationDocument,
    handle: (context, { params }) => getOperation(context, params),
  });
  serve(app, {
    method: 'get',
    path: '/operations/{id}/log',
    tag: 'Operations',
    summary: 'Log lines of all steps, oldest first',
    params: IdParams,
    query: LogQuery,
    answer: pageOf(LogLineDocument),
    handle: (context, { params, query }) => listLog(context, { operationId: params.id, ...query }),
  });
  serve(app, {
    method: 'post',
    path: '/operations/{id}/cancel',
    tag: 'Operations',
    summary: 'Begin no further steps',
    params: IdParams,
    status: 202,
    answer: OperationDocument,
    location: locationOfOperation,
    handle: (context, { params }) => cancelOperation(context, params),
  });
  serve(app, {
    method: 'post',
    path: '/operations/{id}/steps/{stepId}/retry',
    tag: 'Operations',
    summary: 'Try a failed step again, and what waits for it',
    params: StepParams,
    status: 202,
    answer: OperationDocument,
    location: locationOfOperation,
    handle: (context, { params }) => retryStep(context, { operationId: params.id, stepId: params.stepId }),
  });
  app.openapi(events, (c) => {
    const { id } = c.req.valid('param');
    const seen = LogId.safeParse(c.req.header('last-event-id'));
    return eventStream(c.var.control.actor.organizationId, c.req.raw, (signal) =>
      named(followOperation(c.var.control, { id, signal, ...(seen.success && { afterLogId: seen.data }) })),
    );
  });
}

const events = createRoute({
  method: 'get',
  path: '/operations/{id}/events',
  tags: ['Operations'],
  summary: 'The operation and its log lines, live',
  description:
    'Server-sent events `operation` (the whole operation, whenever it changed) and `log` (one line; its SSE id is the line’s id, so that `Last-Event-ID` goes on where a reader stopped). Ends when the operation has ended.',
  operationId: 'get-operations-id-events',
  security: [{ bearer: [] }, { session: [] }],
  request: { params: IdParams },
  responses: {
    200: { description: 'A stream', content: { 'text/event-stream': { schema: z.string() } } },
    ...refusals(false, true, false),
  },
});

async function* named(source: ReturnType<typeof followOperation>): AsyncGenerator<StreamEvent> {
  for await (const event of source)
    yield event.type === 'log'
      ? { event: 'log', data: event.line, id: event.line.id }
      : { event: 'operation', data: event.operation };
}
