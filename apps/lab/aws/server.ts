/** The AWS front end: one HTTP port for every service. Service and region come from the signature's scope. */
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { connectionOf } from '../fault/connection.ts';
import { contentOf } from '../fault/content.ts';
import type { Passage } from '../fault/passage.ts';
import type { Lab } from '../store/lab.ts';
import type { Caller } from './access/caller.ts';
import { openAwsAccess } from './access/state.ts';
import { authenticate, JSON_SERVICES, SERVICES, type Service } from './authenticate.ts';
import { type Answer, execute, JSON_TYPE } from './dispatch.ts';
import { writesEc2 } from './ec2/service.ts';
import { refusalOf } from './fault-words.ts';
import { routeOf } from './route53/service.ts';
import { openAwsState } from './state.ts';
import { resourcesIn } from './trail.ts';
import { AwsError } from './wire/error.ts';
import { Params } from './wire/query.ts';
import { type Credential, parseCredential } from './wire/sigv4.ts';
import { document } from './wire/xml.ts';

const MOST_BYTES = 4 * 1024 * 1024;

/** All AWS services of the lab, to be served on one port. */
export function awsApp(lab: Lab): Hono {
  const state = { ...openAwsState(lab.store), access: openAwsAccess(lab) };
  const app = new Hono();

  app.all('*', async (c) => {
    const requestId = randomUUID();
    const body = new Uint8Array(await c.req.arrayBuffer());
    const url = new URL(c.req.url);
    const header = (name: string) => c.req.header(name);
    const text = new TextDecoder().decode(body.subarray(0, MOST_BYTES));
    const credential = parseCredential(header('authorization'));
    const service = serviceOf(credential);
    const called = nameOf(service, c.req.method, url, header('x-amz-target'), text);
    let caller: Caller | null = null;
    let answer: Answer;
    let refused: AwsError | null = null;
    let passage: Passage | null = null;
    let resources: string[] = [];
    const connection = connectionOf(c);
    const region = service === 'iam' || service === 'route53' ? 'global' : (credential?.region ?? 'unknown');
    const record = (status: number, error: string | null) =>
      lab.requests.record({
        cloud: 'aws',
        service: service ?? 'unknown',
        action: called.action,
        region,
        account: caller?.account.accountId ?? null,
        status,
        error,
        mutating: called.mutating,
        user: caller?.arn ?? null,
        resources,
        fault: passage?.bitten() ?? null,
      });
    try {
      if (!credential || !service)
        throw new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
      if (body.length > MOST_BYTES)
        throw new AwsError('RequestEntityTooLarge', 'Request body is too large', 413);
      const request = { method: c.req.method, url, header, body };
      caller = authenticate(
        lab.accounts,
        state.access.read(),
        request,
        credential,
        service,
        called.writes,
        lab.now(),
      );
      const call = {
        cloud: 'aws' as const,
        service,
        action: called.action,
        region,
        mutating: called.mutating,
        content: contentOf(c.req.method, url.pathname, text),
      };
      passage = lab.faults.passage(call, connection);
      const entry = await passage.enter();
      if (entry.go === 'cut') {
        record(0, 'cut');
        return connection.cut();
      }
      if (entry.go === 'refuse') throw refusalOf(service, entry.as);
      answer = execute(
        lab,
        state,
        caller,
        {
          service,
          action: called.action,
          region: credential.region,
          params: called.params,
          method: c.req.method,
          url,
          text,
          requestId,
        },
        passage,
      );
      if (called.mutating) resources = resourcesIn(`${url.pathname} ${text} ${answer.body}`);
    } catch (error) {
      // What is no refusal is a fault of the lab: its caller sees a 500 without the reason, its log has it.
      if (!(error instanceof AwsError)) console.error('lab aws:', called.action, error);
      refused =
        error instanceof AwsError
          ? error
          : new AwsError(
              'InternalFailure',
              'The request processing has failed because of an unknown error.',
              500,
            );
      answer = errorAnswer(service, refused, requestId);
    }
    const leaving = (await passage?.leave()) ?? 'answer';
    record(answer.status, refused?.code ?? null);
    if (leaving === 'cut') return connection.cut();
    return c.body(answer.body, answer.status as 200, {
      'content-type': answer.type,
      'x-amzn-requestid': requestId,
      ...answer.headers,
    });
  });
  return app;
}

const serviceOf = (credential: Credential | undefined): Service | undefined =>
  credential && SERVICES.includes(credential.service) ? (credential.service as Service) : undefined;

interface Called {
  action: string;
  params: Params;
  /** Whether it changes things. */
  mutating: boolean;
  /** Whether it is an action that does, tried out only or not. */
  writes: boolean;
}

function nameOf(
  service: Service | undefined,
  method: string,
  url: URL,
  target: string | undefined,
  text: string,
): Called {
  if (service === 'route53') {
    const action = routeOf(method, url)?.action ?? 'unknown';
    const mutating = method !== 'GET' && action !== 'ListTagsForResources';
    return { action, params: new Params(new Map()), mutating, writes: mutating };
  }
  if (service && JSON_SERVICES.includes(service))
    return {
      action: target?.split('.').at(-1) ?? 'unknown',
      params: new Params(new Map()),
      mutating: false,
      writes: false,
    };
  const params = Params.parse(method === 'GET' ? url.search : text);
  const action = params.text('Action') ?? 'unknown';
  const writes = service === 'ec2' && writesEc2(action);
  return { action, params, mutating: writes && params.text('DryRun')?.toLowerCase() !== 'true', writes };
}

function errorAnswer(service: Service | undefined, error: AwsError, requestId: string): Answer {
  const { code, message, status } = error;
  if (service && JSON_SERVICES.includes(service))
    return {
      status,
      type: JSON_TYPE,
      body: JSON.stringify({ __type: code, message }),
      headers: { 'x-amzn-errortype': code },
    };
  const type = 'text/xml;charset=UTF-8';
  if (service === 'ec2' || service === undefined)
    return {
      status,
      type,
      body: document('Response', null, {
        Errors: { Error: { Code: code, Message: message } },
        RequestID: requestId,
      }),
    };
  const namespaces: Partial<Record<Service, string>> = {
    sts: 'https://sts.amazonaws.com/doc/2011-06-15/',
    iam: 'https://iam.amazonaws.com/doc/2010-05-08/',
    route53: 'https://route53.amazonaws.com/doc/2013-04-01/',
  };
  return {
    status,
    type,
    body: document('ErrorResponse', namespaces[service] ?? null, {
      Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message },
      RequestId: requestId,
    }),
  };
}
