/** One REST method of a Google API, and what every method goes through: credentials, project, payload, log. */
import type { Context, Hono } from 'hono';
import { connectionOf } from '../../fault/connection.ts';
import { contentOf } from '../../fault/content.ts';
import type { MachineOf, Passage } from '../../fault/passage.ts';
import type { MachineStatus } from '../../ground/ground.ts';
import type { Lab } from '../../store/lab.ts';
import { openQuotas } from '../../store/quotas.ts';
import type { Section } from '../../store/store.ts';
import { neededFor } from '../access/needed.ts';
import { type GcpAccess, permissionsOf, serviceAccountsOf } from '../access/state.ts';
import { due, repeated, settle, showOperation } from '../compute/operations.ts';
import { QUOTA, type QuotaName } from '../compute/quota.ts';
import { isMissing, refusalOf } from '../fault-words.ts';
import type { GcpState, Operation, Project } from '../state.ts';
import { emptyProject } from '../state.ts';
import {
  hasScope,
  type Identity,
  identify,
  invalidCredentials,
  missingCredentials,
  scopeMissing,
} from './auth.ts';
import { GoogleError } from './errors.ts';
import { badPayload, checkBody, type ObjectShape, unknownName, type Value } from './shape.ts';

/** What a method's handler is given. */
export interface Call<B = unknown> {
  /** The present state; of a method that changes, a copy that becomes the present state unless it throws. */
  state: GcpState;
  projectId: string;
  /** Empty for projects that are not the lab's. */
  projectNumber: string;
  project: Project;
  params: Record<string, string>;
  query: URLSearchParams;
  body: B;
  now: Date;
  /** The caller's e-mail address. */
  user: string;
  machine(id: string): MachineStatus | undefined;
  /** Whether the caller has a permission in the project. */
  allowed(permission: string): boolean;
  /** Whether so many (what the call adds among them) are more than a quota allows. */
  full(quota: QuotaName, used: number): boolean;
  limitOf(quota: QuotaName): number;
  /** The project as it stands now, for those who wait. */
  fresh(): Project;
}

export interface Method<S extends ObjectShape | undefined = ObjectShape | undefined> {
  /** Google's id of it, such as `compute.firewalls.insert`. */
  id: string;
  http: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Hono's pattern; the project is `:project`. */
  path: string;
  permission: string;
  /** Query parameters of its own, beside those every method has. */
  query?: readonly string[];
  body?: S;
  /** What Google calls the body in its messages. */
  root?: string;
  /** Whether it changes state; such handlers are not asynchronous. */
  changes: boolean;
  /** Anyone may call it in any project (public images). */
  open?: boolean;
  /** Anyone of the project may call it, whatever his role. */
  free?: boolean;
  // A method and not a property: handlers of narrower bodies stand in one table.
  handle(call: Call<S extends ObjectShape ? Value<S> : undefined>): unknown;
}

/** Names the body's type from its shape. */
export const method = <const S extends ObjectShape | undefined = undefined>(it: Method<S>): Method =>
  it as unknown as Method;

export const LISTING = ['filter', 'maxResults', 'pageToken', 'orderBy', 'returnPartialSuccess'] as const;
export const AGGREGATED = [...LISTING, 'includeAllScopes', 'serviceProjectNumber'] as const;
/** Query parameters of every Google API. */
const STANDARD = [
  'alt',
  '$alt',
  'fields',
  'key',
  'prettyPrint',
  'quotaUser',
  'userIp',
  'callback',
  'uploadType',
  'upload_protocol',
  'access_token',
  'oauth_token',
  '$.xgafv',
];

interface Sections {
  section: Section<GcpState>;
  access: Section<GcpAccess>;
}

/** Serves a method. */
export function serve(app: Hono, lab: Lab, sections: Sections, it: Method): void {
  const [service = '', ...actionParts] = it.id.split('.');
  app.on(it.http, it.path, async (context) => {
    let identity: Identity | null = null;
    let projectId: string | null = null;
    let passage: Passage | null = null;
    const connection = connectionOf(context);
    const region = context.req.param('zone') ?? context.req.param('region') ?? 'global';
    const action = actionParts.join('.');
    const record = (status: number, error: string | null) =>
      lab.requests.record({
        cloud: 'gcp',
        service,
        action,
        region,
        account: projectId,
        status,
        error,
        mutating: it.changes,
        user: identity?.account.clientEmail ?? null,
        fault: passage?.bitten() ?? null,
      });
    try {
      identity = authenticate(context, lab, sections, it, service);
      const project = authorize(context, lab, it, identity);
      projectId = project.projectId;
      passage = lab.faults.passage(
        {
          cloud: 'gcp',
          service,
          action,
          region,
          mutating: it.changes,
          content: contentOf(it.http, context.req.path, await context.req.text()),
        },
        connection,
      );
      const entry = await passage.enter();
      if (entry.go === 'cut') {
        record(0, 'cut');
        return connection.cut();
      }
      if (entry.go === 'refuse') throw refusalOf(service, entry.as);
      const query = new URL(context.req.url).searchParams;
      for (const name of query.keys())
        if (!STANDARD.includes(name) && !it.query?.includes(name)) throw unknownName(name, null);
      const body = it.body ? checkBody(await readJson(context), it.body, it.root ?? 'resource') : undefined;
      const allowed = allowedTo(identity, sections.access.read(), passage);
      if (!it.open && !it.free)
        for (const each of neededFor(it, body)) if (!allowed(each)) throw forbidden(it, each, context);
      const answer = await run(lab, sections.section, it, passage, {
        allowed,
        ...project,
        params: context.req.param() as Record<string, string>,
        query,
        body,
        user: identity?.account.clientEmail ?? 'anonymous',
      });
      const leaving = await passage.leave();
      record(200, null);
      if (leaving === 'cut') return connection.cut();
      if (answer === undefined) return context.body(null, 204);
      return context.json(answer as object, 200, JSON_TYPE);
    } catch (error) {
      // What is no refusal is a fault of the lab: its caller sees a 500 without the reason, its log has it.
      if (!(error instanceof GoogleError)) console.error('lab gcp:', it.id, error);
      const refused =
        error instanceof GoogleError
          ? error
          : new GoogleError(500, 'backendError', 'Internal error. Please try again.');
      const leaving = (await passage?.leave()) ?? 'answer';
      record(refused.code, refused.reason);
      if (leaving === 'cut') return connection.cut();
      return context.json(refused.toJSON(), refused.code as 400, JSON_TYPE);
    }
  });
}

const JSON_TYPE = { 'content-type': 'application/json; charset=UTF-8' };

function authenticate(
  context: Context,
  lab: Lab,
  { access }: Sections,
  it: Method,
  service: string,
): Identity | null {
  const header = context.req.header('authorization');
  if (header === undefined) {
    // A lab-only kindness, unlike Google: who only looks needs no token, so that `gcloud` with
    // CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true can show what was made. Changes always need one.
    if (context.req.method === 'GET') return null;
    throw missingCredentials();
  }
  const token = /^Bearer (\S+)$/i.exec(header)?.[1];
  const identity =
    token === undefined ? undefined : identify(token, serviceAccountsOf(lab, access.read()), lab.now());
  if (!identity) throw invalidCredentials();
  if (!hasScope(identity, service, it.changes)) throw scopeMissing();
  return identity;
}

/** Checks that the caller may work in the path's project. */
function authorize(
  context: Context,
  lab: Lab,
  it: Method,
  identity: Identity | null,
): Pick<Call, 'projectId' | 'projectNumber'> {
  const named = context.req.param('project') ?? context.req.param('target')?.split(':')[0] ?? '';
  if (it.open) return { projectId: named, projectNumber: '' };
  const account = lab.accounts.gcp.find((each) => each.projectId === named || each.projectNumber === named);
  if (!account || (identity && identity.account.projectId !== account.projectId))
    throw new GoogleError(
      403,
      'forbidden',
      `Required '${it.permission}' permission for 'projects/${named}'`,
      { front: it.id.startsWith('cloudresourcemanager') },
    );
  return { projectId: account.projectId, projectNumber: account.projectNumber };
}

/** Who owns the project may do everything in it; who only looks, too: he gets no further than reading. */
function allowedTo(identity: Identity | null, access: GcpAccess, passage: Passage) {
  const held = identity ? permissionsOf(access, identity.account.clientEmail) : null;
  return (permission: string) => (held === null || held.includes(permission)) && !passage.denies(permission);
}

function forbidden(it: Method, permission: string, context: Context): GoogleError {
  const resource = new URL(context.req.url).pathname.replace(/^.*?\/projects\//, 'projects/');
  return new GoogleError(403, 'forbidden', `Required '${permission}' permission for '${resource}'`, {
    front: !it.id.startsWith('compute'),
  });
}

async function readJson(context: Context): Promise<unknown> {
  const text = await context.req.text();
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw badPayload('Invalid JSON payload received. Unexpected token.', null);
  }
}

async function run(
  lab: Lab,
  section: Section<GcpState>,
  it: Method,
  passage: Passage,
  call: Pick<Call, 'projectId' | 'projectNumber' | 'params' | 'query' | 'body' | 'user' | 'allowed'>,
): Promise<unknown> {
  const projectOf = (state: GcpState) => state.projects[call.projectId] ?? emptyProject();
  const machine = (id: string) => lab.machine(id);
  const fresh = () => {
    const now = lab.now();
    if (due(projectOf(section.read()), now, machine))
      section.change((state) => settle(projectOf(state), now, machine));
    return projectOf(section.read());
  };
  fresh();
  const set = openQuotas(lab.store).read()[`gcp/${call.projectId}`] ?? {};
  const quotaOf = (quota: QuotaName) => set[quota] ?? QUOTA[quota];
  const full = (quota: QuotaName, used: number) => passage.full(quota, used, quotaOf(quota));
  const limitOf = (quota: QuotaName) => passage.limitOf(quota, quotaOf(quota));
  const whole = { ...call, now: lab.now(), machine, fresh, full, limitOf };
  const show = (state: GcpState, machineOf: MachineOf = machine) =>
    it.handle({ ...whole, machine: machineOf, state, project: projectOf(state) } as never);
  // An operation is there for whoever was told its name: Google's reads of them are not late.
  const follows = it.id.includes('Operations.') || it.id === 'dns.changes.get';
  if (!it.changes) return follows ? show(section.read()) : passage.read('gcp', section, show);
  const requestId = checkRequestId(call.query);
  const change = (state: GcpState) => {
    state.projects[call.projectId] ??= emptyProject();
    const draft = projectOf(state);
    const earlier = repeated(draft, requestId, requestKey(it, call));
    if (earlier) return showOperation(call.projectId, earlier);
    const before = new Set(draft.operations);
    const answer = it.handle({ ...whole, state, project: draft } as never);
    slow(passage, draft, (each) => !before.has(each));
    if (requestId) remember(draft, answer, requestId, requestKey(it, call));
    return answer;
  };
  return passage.change('gcp', section, change, isMissing);
}

/** Lets what was started take longer, where a fault says so; an instance's machine boots as much later. */
function slow(passage: Passage, project: Project, started: (operation: Operation) => boolean): void {
  for (const operation of project.operations.filter(started)) {
    const seconds = passage.slowSeconds();
    operation.dueAt += seconds * 1000;
    const { effect } = operation;
    const instance = effect.kind === 'instance-up' ? project.instances[effect.name] : undefined;
    if (instance && seconds > 0) passage.delayBoot(instance.id, seconds);
  }
}

const requestKey = (it: Method, call: Pick<Call, 'params' | 'body'>) =>
  JSON.stringify([it.id, call.params, (call.body as { name?: string } | undefined)?.name ?? '']);

function remember(project: Project, answer: unknown, id: string, what: string): void {
  const name = (answer as { name?: string } | undefined)?.name;
  const operation = project.operations.find((each) => each.name === name);
  if (operation) operation.request = { id, what };
}

function checkRequestId(query: URLSearchParams): string | null {
  const id = query.get('requestId');
  if (id === null || id === '') return null;
  const uuid = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
  if (!uuid.test(id) || /^[0-]+$/.test(id))
    throw new GoogleError(
      400,
      'invalid',
      `Invalid value for field 'requestId': '${id}'. Must be a valid non-zero UUID.`,
    );
  return id.toLowerCase();
}
