/**
 * The one way that every call of Azure Resource Manager goes: named and authenticated, let in (where faults stand in
 * the way), permitted, executed, let out, answered and logged.
 */
import type { Context } from 'hono';
import type { z } from 'zod';
import { connectionOf } from '../fault/connection.ts';
import { contentOf } from '../fault/content.ts';
import type { MachineOf, Passage } from '../fault/passage.ts';
import type { Lab } from '../store/lab.ts';
import type { Section } from '../store/store.ts';
import type { AzureAccount } from './entra/account.ts';
import { identify } from './entra/token.ts';
import { allows, OWNER, openEntraState } from './entra/trust-state.ts';
import { noteEvent } from './insights/event.ts';
import { type Limits, limitsOf } from './limit.ts';
import { due, settle } from './operation.ts';
import { type AzureState, emptySubscription, keyOf, type Subscription } from './state.ts';
import { parseBody } from './wire/body.ts';
import { ArmError, isMissing } from './wire/error.ts';
import { route, segmentsOf } from './wire/route.ts';

/** What a handler is given. */
export interface Call<B = unknown> {
  /** Of a call that changes: a copy that becomes the present state unless the handler throws. */
  state: AzureState;
  subscription: Subscription;
  account: AzureAccount;
  params: Record<string, string>;
  query: URLSearchParams;
  /** As the caller sees it. */
  url: URL;
  baseUrl: string;
  apiVersion: string;
  /** Present in calls that have a body by their endpoint. */
  body: B;
  /** `If-Match` and `If-None-Match`, null where not sent. */
  ifMatch: string | null;
  ifNoneMatch: string | null;
  now: Date;
  passage: Passage;
  limits: Limits;
  machine: MachineOf;
}

export interface Answer {
  status: 200 | 201 | 202 | 204;
  body?: object;
  headers?: Record<string, string>;
}

/** A permission that a call needs on another resource than its own. */
export interface Linked {
  action: string;
  id: string;
}

export interface Endpoint<B = unknown> {
  method: 'GET' | 'HEAD' | 'PUT' | 'PATCH' | 'POST' | 'DELETE';
  /** Segments; `:name` is a parameter, `:subscription` and `:group` the usual ones. */
  pattern: readonly string[];
  /** Azure's word for it: `Microsoft.Network/virtualNetworks/write`. */
  action: string;
  apiVersions: readonly string[];
  body?: z.ZodType<B>;
  changes: boolean;
  /** Never shown as it was: what is asked while one waits. */
  steady?: boolean;
  linked?(body: B, call: { params: Record<string, string>; subscription: Subscription }): readonly Linked[];
  handle(call: Call<B>): Answer;
}

/** Names the body's type from its schema, for a table of endpoints with different ones. */
export const endpoint = <B = undefined>(it: Endpoint<B>): Endpoint => it as unknown as Endpoint;

interface Named {
  endpoint: Endpoint;
  params: Record<string, string>;
  account: AzureAccount;
  apiVersion: string;
}

export interface Arm {
  lab: Lab;
  section: Section<AzureState>;
  endpoints: readonly Endpoint[];
}

/** Answers one request. */
export async function serveArm(arm: Arm, c: Context): Promise<Response> {
  const { lab } = arm;
  const url = new URL(c.req.url);
  const method = c.req.method as Endpoint['method'];
  const text = await c.req.text();
  const connection = connectionOf(c);
  const path = segmentsOf(url.pathname) ?? [];
  let named: Named | null = null;
  let passage: Passage | null = null;
  let linked: readonly Linked[] = [];
  const region = regionOf(arm, path, text);
  const record = (status: number, error: string | null) =>
    lab.requests.record({
      cloud: 'azure',
      service: named ? namespaceOf(named.endpoint.action) : 'unknown',
      action: named?.endpoint.action ?? `${method} ${url.pathname}`,
      region,
      account: named?.account.subscriptionId ?? null,
      status,
      error,
      mutating: named?.endpoint.changes ?? !['GET', 'HEAD'].includes(method),
      fault: passage?.bitten() ?? null,
      ...(linked.length > 0 ? { linked: linked.map(({ action }) => action) } : {}),
    });
  const requestId = crypto.randomUUID();
  const common = { 'x-ms-request-id': requestId, 'x-ms-correlation-request-id': requestId };
  try {
    named = name(arm, c, method, path, url);
    const { endpoint, account } = named;
    passage = lab.faults.passage(
      {
        cloud: 'azure',
        service: namespaceOf(endpoint.action),
        action: endpoint.action,
        region,
        mutating: endpoint.changes,
        content: contentOf(method, url.pathname, text),
      },
      connection,
    );
    // Named and authenticated, not yet executed.
    const entry = await passage.enter();
    if (entry.go === 'cut') {
      record(0, 'cut');
      return connection.cut();
    }
    if (entry.go === 'refuse') throw refusalOf(entry, account);
    const body = endpoint.body ? parseBody(text, endpoint.body, namespaceOf(endpoint.action)) : undefined;
    const subscription = arm.section.read().subscriptions[account.subscriptionId] ?? emptySubscription();
    linked = endpoint.linked?.(body, { params: named.params, subscription }) ?? [];
    permit(arm, named, linked, passage, url.pathname);
    const answer = execute(arm, named, passage, {
      url: new URL(url.pathname + url.search, lab.urls.azure),
      body,
      ifMatch: c.req.header('if-match') ?? null,
      ifNoneMatch: c.req.header('if-none-match') ?? null,
    });
    // Executed, not yet answered.
    const leaving = await passage.leave();
    record(answer.status, null);
    if (leaving === 'cut') return connection.cut();
    return send(c, answer.status, method === 'HEAD' ? undefined : answer.body, {
      ...common,
      ...answer.headers,
    });
  } catch (error) {
    // What is no refusal is a fault of the lab: its caller sees a 500 without the reason, its log has it.
    if (!(error instanceof ArmError)) console.error('lab azure:', method, url.pathname, error);
    const refused =
      error instanceof ArmError
        ? error
        : new ArmError(500, 'InternalServerError', 'The server encountered an internal error.');
    const leaving = (await passage?.leave()) ?? 'answer';
    record(refused.status, refused.code);
    if (leaving === 'cut') return connection.cut();
    const { retryAfterSeconds } = refused;
    return send(c, refused.status, method === 'HEAD' ? undefined : refused.body(), {
      ...common,
      'x-ms-failure-cause': 'gateway',
      ...(refused.status === 401 ? { 'www-authenticate': challenge(lab, path) } : {}),
      ...(retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) }),
    });
  }
}

function send(
  c: Context,
  status: number,
  body: object | undefined,
  headers: Record<string, string>,
): Response {
  if (body === undefined) return c.body(null, status as 200, headers);
  return c.body(JSON.stringify(body), status as 200, {
    'content-type': 'application/json; charset=utf-8',
    ...headers,
  });
}

export const namespaceOf = (action: string): string => action.split('/')[0] ?? '';

/** Which endpoint it is, and who asks. @throws ArmError in the order in which ARM looks */
function name(arm: Arm, c: Context, method: Endpoint['method'], path: readonly string[], url: URL): Named {
  const { lab } = arm;
  const token = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
  if (token === undefined)
    throw new ArmError(
      401,
      'AuthenticationFailed',
      "Authentication failed. The 'Authorization' header is missing.",
    );
  const identified = identify(token, lab.accounts.azure, lab.urls.azure, lab.now());
  if (!identified.ok) throw new ArmError(401, identified.code, identified.message);
  const { account } = identified;
  if (path[0]?.toLowerCase() === 'subscriptions' && path[1] !== undefined)
    checkSubscription(arm, account, path[1]);
  const apiVersion = url.searchParams.get('api-version');
  if (!apiVersion)
    throw new ArmError(
      400,
      'MissingApiVersionParameter',
      'The api-version query parameter (?api-version=) is required for all requests.',
    );
  const found = route(arm.endpoints, method, path);
  if (found === 'other-method')
    throw new ArmError(
      405,
      'MethodNotAllowed',
      `The requested resource does not support http method '${method}'.`,
    );
  if (found === undefined) throw unknownPath(arm, path, apiVersion);
  const { endpoint, params } = found;
  if (!endpoint.apiVersions.includes(apiVersion)) throw wrongVersion(endpoint, apiVersion);
  return { endpoint, params, account, apiVersion };
}

function checkSubscription(arm: Arm, account: AzureAccount, subscriptionId: string): void {
  const same = (each: AzureAccount) => each.subscriptionId === subscriptionId.toLowerCase();
  if (same(account)) return;
  const owner = arm.lab.accounts.azure.find(same);
  if (!owner)
    throw new ArmError(
      404,
      'SubscriptionNotFound',
      `The subscription '${subscriptionId}' could not be found.`,
    );
  throw new ArmError(
    401,
    'InvalidAuthenticationTokenTenant',
    `The access token is from the wrong issuer '${arm.lab.urls.azure}/${account.tenantId}/'. It must match the tenant '${arm.lab.urls.azure}/${owner.tenantId}/' associated with this subscription.`,
  );
}

const challenge = (lab: Lab, path: readonly string[]) => {
  const tenant = lab.accounts.azure.find((each) => each.subscriptionId === path[1])?.tenantId ?? 'common';
  return `Bearer authorization_uri="${lab.urls.azure}/${tenant}", error="invalid_token"`;
};

function unknownPath(arm: Arm, path: readonly string[], apiVersion: string): ArmError {
  const at = path.findIndex((part) => part.toLowerCase() === 'providers');
  const namespace = path[at + 1];
  if (at < 0 || namespace === undefined)
    return new ArmError(
      404,
      'InvalidResourceType',
      `The path '/${path.join('/')}' names nothing that the lab has.`,
    );
  const known = arm.endpoints.some(
    ({ action }) => namespaceOf(action).toLowerCase() === namespace.toLowerCase(),
  );
  if (!known)
    return new ArmError(404, 'InvalidResourceNamespace', `The resource namespace '${namespace}' is invalid.`);
  const type = path
    .slice(at + 2)
    .filter((_, index) => index % 2 === 0)
    .join('/');
  return new ArmError(
    404,
    'InvalidResourceType',
    `The resource type '${type}' could not be found in the namespace '${namespace}' for api version '${apiVersion}'. The supported api-versions are those of the lab.`,
  );
}

function wrongVersion({ action, apiVersions }: Endpoint, apiVersion: string): ArmError {
  const [namespace = '', ...type] = action.split('/').slice(0, -1);
  const supported = apiVersions.join(', ');
  if (!/^\d{4}-\d{2}-\d{2}(-\w+)?$/.test(apiVersion) || namespace === 'Microsoft.Resources')
    return new ArmError(
      400,
      'InvalidApiVersionParameter',
      `The api-version '${apiVersion}' is invalid. The supported versions are '${supported}'.`,
    );
  return new ArmError(
    400,
    'NoRegisteredProviderFound',
    `No registered resource provider found for API version '${apiVersion}' for type '${type.join('/')}' in the namespace '${namespace}'. The supported api-versions are '${supported}'.`,
  );
}

function refusalOf(
  entry: { as: 'throttle'; retryAfterSeconds: number } | { as: 'error' | 'unavailable' },
  account: AzureAccount,
): ArmError {
  if (entry.as === 'throttle')
    return new ArmError(
      429,
      'SubscriptionRequestsThrottled',
      `Number of requests for subscription '${account.subscriptionId}' exceeded the limit. Please try again after '${entry.retryAfterSeconds}' seconds.`,
      { retryAfterSeconds: entry.retryAfterSeconds },
    );
  if (entry.as === 'unavailable')
    return new ArmError(503, 'ServiceUnavailable', 'The service is temporarily unavailable in this region.');
  return new ArmError(
    500,
    'InternalServerError',
    'The server encountered an internal error. Please retry the request.',
  );
}

function permit(arm: Arm, named: Named, linked: readonly Linked[], passage: Passage, scope: string): void {
  const { account, endpoint } = named;
  const granted = openEntraState(arm.lab.store).read().permissions[account.subscriptionId] ?? OWNER;
  const may = (action: string) => !passage.denies(action) && allows(granted, action);
  const who = `The client '${account.clientId}' with object id '${account.objectId}'`;
  if (!may(endpoint.action))
    throw new ArmError(
      403,
      'AuthorizationFailed',
      `${who} does not have authorization to perform action '${endpoint.action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    );
  const missing = linked.find(({ action }) => !may(action));
  if (missing)
    throw new ArmError(
      403,
      'LinkedAuthorizationFailed',
      `${who} has permission to perform action '${endpoint.action}' on scope '${scope}'; however, it does not have permission to perform action '${missing.action}' on the linked scope(s) '${missing.id}'.`,
    );
}

function execute(
  arm: Arm,
  named: Named,
  passage: Passage,
  rest: Pick<Call, 'url' | 'body' | 'ifMatch' | 'ifNoneMatch'>,
): Answer {
  const { lab, section } = arm;
  const { endpoint, account } = named;
  const now = lab.now();
  const machine: MachineOf = (id) => lab.machine(id);
  const of = (state: AzureState) => state.subscriptions[account.subscriptionId] ?? emptySubscription();
  if (due(of(section.read()), now, machine)) section.change((state) => settle(of(state), now, machine));
  const call = {
    ...rest,
    account,
    params: named.params,
    query: rest.url.searchParams,
    baseUrl: lab.urls.azure,
    apiVersion: named.apiVersion,
    now,
    passage,
    limits: limitsOf(lab.store, account.subscriptionId, passage),
  };
  if (!endpoint.changes) {
    const look = (state: AzureState, machine: MachineOf) =>
      endpoint.handle({ ...call, machine, state, subscription: of(state) });
    return endpoint.steady ? look(section.read(), machine) : passage.read('azure', section, look);
  }
  const act = (state: AzureState) => {
    state.subscriptions[account.subscriptionId] ??= emptySubscription();
    const answer = endpoint.handle({ ...call, machine, state, subscription: of(state) });
    noteEvent(state, of(state), {
      account,
      action: endpoint.action,
      resourceId: rest.url.pathname,
      group: named.params.group ?? null,
      httpStatus: answer.status,
      now,
    });
    return answer;
  };
  return passage.change('azure', section, act, isMissing);
}

/** Where the call's resource stands, as far as it can be told before the call is executed. */
function regionOf(arm: Arm, path: readonly string[], text: string): string {
  const said = /"location"\s*:\s*"([\w ]+)"/.exec(text)?.[1];
  if (said !== undefined) return said.replaceAll(' ', '').toLowerCase();
  const at = path.findIndex((part) => part.toLowerCase() === 'locations');
  if (at >= 0 && path[at + 1] !== undefined) return (path[at + 1] as string).toLowerCase();
  const subscription = arm.section.read().subscriptions[path[1] ?? ''];
  // A child stands where its parent does.
  const found = [path, path.slice(0, -2), path.slice(0, 8)]
    .map((each) => subscription?.resources[keyOf(`/${each.join('/')}`)]?.location)
    .find((location) => location);
  return found ?? subscription?.groups[(path[3] ?? '').toLowerCase()]?.location ?? 'global';
}
