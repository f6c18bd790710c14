/** One shape for all routes: says what goes in and out, calls one verb, answers. The OpenAPI document follows from it. */
import { createHash } from 'node:crypto';
import { createRoute } from '@hono/zod-openapi';
import { Problem } from '@skein/contract/rest/problem.ts';
import type { Context as ControlContext } from '@skein/control/context.ts';
import { answerOnce } from '@skein/control/idempotent-call/answer-once.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import type { ApiEnvironment, ApiHono } from '../dependencies.ts';
import { STATUS } from '../problem.ts';

const Nothing = z.object({});

export interface Endpoint<
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType,
  Answer extends z.ZodType,
> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** OpenAPI's way of writing paths: `/networks/{id}`. */
  path: string;
  tag: Tag;
  summary: string;
  description?: string;
  params?: Params;
  query?: Query;
  body?: Body;
  /** 204 where there is no `answer`. */
  status?: 200 | 201 | 202;
  answer?: Answer;
  /** Served to callers who are not signed in. */
  open?: true;
  /** Where what was made or begun is found, below `/api/v1`. */
  location?: (answer: z.output<Answer>) => string;
  handle: (
    context: ControlContext,
    input: {
      params: z.output<Params>;
      query: z.output<Query>;
      body: z.output<Body>;
      c: Context<ApiEnvironment>;
    },
  ) => Promise<z.output<Answer>>;
}

export type Tag =
  | 'Networks'
  | 'Clusters'
  | 'Peers'
  | 'Ranges'
  | 'Services'
  | 'Policy'
  | 'Join tokens'
  | 'Cloud accounts'
  | 'Drift'
  | 'Operations'
  | 'API tokens'
  | 'Audit'
  | 'Service';

/** Adds one route to the app and the document. */
export function serve<
  Answer extends z.ZodType,
  Params extends z.ZodObject = typeof Nothing,
  Query extends z.ZodObject = typeof Nothing,
  Body extends z.ZodType = typeof Nothing,
>(app: ApiHono, endpoint: Endpoint<Params, Query, Body, Answer>): void {
  const { method, path, tag, summary, description, params, query, body, answer, open, location } = endpoint;
  const status = endpoint.status ?? 200;
  const begins = method === 'post' && status === 202;
  const route = createRoute({
    method,
    path,
    tags: [tag],
    summary,
    operationId: operationIdOf(method, path),
    ...(description !== undefined && { description }),
    security: open ? [] : [{ bearer: [] }, { session: [] }],
    request: {
      params: params ?? Nothing,
      query: query ?? Nothing,
      ...(begins && { headers: IdempotencyHeaders }),
      ...(body && { body: { required: true, content: { 'application/json': { schema: body } } } }),
    },
    responses: {
      ...(answer
        ? { [status]: { description: SAID[status], content: { 'application/json': { schema: answer } } } }
        : { 204: { description: 'Done' } }),
      ...refusals(open === true, params !== undefined, body !== undefined),
    },
  });
  const handler = async (c: Context<ApiEnvironment>) => {
    const valid = (target: string) => (c.req.valid as (target: string) => unknown).call(c.req, target);
    const input = {
      params: valid('param') as z.output<Params>,
      query: valid('query') as z.output<Query>,
      body: (body ? valid('json') : {}) as z.output<Body>,
      c,
    };
    const work = () => endpoint.handle(c.var.control, input);
    const key = begins
      ? (valid('header') as z.output<typeof IdempotencyHeaders>)['idempotency-key']
      : undefined;
    const result =
      key === undefined
        ? await work()
        : await answerOnce(c.var.control, { key, requestHash: hashOf(c, input.body), status }, work);
    if (!answer) return c.body(null, 204);
    if (location) c.header('Location', `/api/v1${location(result)}`);
    return c.json(result as never, status);
  };
  // `Endpoint` has checked what the library's own types would: they cannot follow a route that is made of parts.
  app.openapi(route, handler as never);
}

/** For what begins an operation: sending it again answers the same operation. */
const IdempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters')
    .optional()
    .describe('Any new text. The same call with the same key begins nothing twice, for 24 hours'),
});

function hashOf(c: Context, body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([c.req.method, c.req.path, body]))
    .digest('hex');
}

const SAID = { 200: 'As asked', 201: 'Made', 202: 'Begun: follow the operation' } as const;

/** `GET /networks/{id}/peers` becomes `get-networks-id-peers`. */
function operationIdOf(method: string, path: string): string {
  return `${method}${path.replaceAll(/[{}]/g, '').replaceAll('/', '-')}`;
}

export const ProblemDocument = Problem.meta({
  id: 'Problem',
  example: {
    type: '/problems/not-found',
    title: 'Not found',
    status: 404,
    code: 'not-found',
    detail: 'There is no such network.',
    requestId: '3f0c6f0e-6f5b-4b7e-9f7b-0a4a4d1f6c55',
  },
});

/** The refusals that a route may answer, for the document. */
export function refusals(open: boolean, named: boolean, hasBody: boolean) {
  const refusal = (description: string) => ({
    description,
    content: { 'application/problem+json': { schema: ProblemDocument } },
  });
  return {
    ...(hasBody && { [STATUS['invalid-request']]: refusal('The request is not valid') }),
    ...(!open && { [STATUS['not-authenticated']]: refusal('No session and no valid token') }),
    ...(named && { [STATUS['not-found']]: refusal('Not there, or of another organization') }),
    default: refusal('Any other refusal'),
  };
}

/** Ids in paths: what is no id of ours is simply not found. */
export const IdParams = z.object({ id: z.string().max(60).meta({ example: 'net_0123456789abcdefghjk' }) });

/** Verbs whose lists are short answer them whole. */
export function wholePage<T>(items: T[]): { items: T[]; next: null } {
  return { items, next: null };
}
