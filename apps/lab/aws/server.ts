/** The AWS front end: one HTTP port for every service. Service and region come from the signature's scope. */
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { connectionOf } from '../fault/connection.ts';
import type { Passage } from '../fault/passage.ts';
import type { Lab } from '../store/lab.ts';
import { authenticate, SERVICES, type Service } from './authenticate.ts';
import { callEc2, writesEc2 } from './ec2/service.ts';
import { refusalOf } from './fault-words.ts';
import { callIam, callSsm, callSts } from './identity.ts';
import { callRoute53, routeOf } from './route53/service.ts';
import { openAwsState } from './state.ts';
import { AwsError } from './wire/error.ts';
import { Params } from './wire/query.ts';
import { type Credential, parseCredential } from './wire/sigv4.ts';
import { document } from './wire/xml.ts';

const MOST_BYTES = 4 * 1024 * 1024;

interface Answer {
  status: number;
  type: string;
  body: string;
  headers?: Record<string, string>;
}

/** All AWS services of the lab, to be served on one port. */
export function awsApp(lab: Lab): Hono {
  const state = openAwsState(lab.store);
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
    let account: string | null = null;
    let answer: Answer;
    let refused: AwsError | null = null;
    let passage: Passage | null = null;
    const connection = connectionOf(c);
    const region = service === 'iam' || service === 'route53' ? 'global' : (credential?.region ?? 'unknown');
    const record = (status: number, error: string | null) =>
      lab.requests.record({
        cloud: 'aws',
        service: service ?? 'unknown',
        action: called.action,
        region,
        account,
        status,
        error,
        mutating: called.mutating,
        fault: passage?.bitten() ?? null,
      });
    try {
      if (!credential || !service)
        throw new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
      if (body.length > MOST_BYTES)
        throw new AwsError('RequestEntityTooLarge', 'Request body is too large', 413);
      const request = { method: c.req.method, url, header, body };
      const who = authenticate(lab.accounts, request, credential, service, called.mutating, lab.now());
      account = who.accountId;
      const call = {
        cloud: 'aws' as const,
        service,
        action: called.action,
        region,
        mutating: called.mutating,
      };
      passage = lab.faults.passage(call, connection);
      const entry = await passage.enter();
      if (entry.go === 'cut') {
        record(0, 'cut');
        return connection.cut();
      }
      if (entry.go === 'refuse') throw refusalOf(service, entry.as);
      const xml = (document: string): Answer => ({
        status: 200,
        type: 'text/xml;charset=UTF-8',
        body: document,
      });
      if (service === 'ec2')
        answer = xml(callEc2(lab, state.ec2, who, region, called.action, called.params, passage));
      else if (service === 'sts') answer = xml(callSts(who, called.action, called.params, requestId));
      else if (service === 'iam') answer = xml(callIam(who, called.action, called.params, requestId));
      else if (service === 'ssm')
        answer = {
          status: 200,
          type: JSON_TYPE,
          body: JSON.stringify(callSsm(region, called.action, parseJson(text))),
        };
      else answer = { ...xml(''), ...callRoute53(lab, state, who, c.req.method, url, text, passage) };
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

const JSON_TYPE = 'application/x-amz-json-1.1';

const serviceOf = (credential: Credential | undefined): Service | undefined =>
  credential && SERVICES.includes(credential.service) ? (credential.service as Service) : undefined;

interface Called {
  action: string;
  params: Params;
  mutating: boolean;
}

function nameOf(
  service: Service | undefined,
  method: string,
  url: URL,
  target: string | undefined,
  text: string,
): Called {
  if (service === 'route53') {
    const route = routeOf(method, url);
    return { action: route?.action ?? 'unknown', params: new Params(new Map()), mutating: method !== 'GET' };
  }
  if (service === 'ssm')
    return { action: target?.split('.')[1] ?? 'unknown', params: new Params(new Map()), mutating: false };
  const params = Params.parse(method === 'GET' ? url.search : text);
  const action = params.text('Action') ?? 'unknown';
  return { action, params, mutating: service === 'ec2' && writesEc2(action) };
}

function parseJson(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Refused below, with what is JSON but no object.
  }
  throw new AwsError('SerializationException', 'Start of structure or map found where not expected.');
}

function errorAnswer(service: Service | undefined, error: AwsError, requestId: string): Answer {
  const { code, message, status } = error;
  if (service === 'ssm')
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
  const namespaces = {
    sts: 'https://sts.amazonaws.com/doc/2011-06-15/',
    iam: 'https://iam.amazonaws.com/doc/2010-05-08/',
    route53: 'https://route53.amazonaws.com/doc/2013-04-01/',
  };
  return {
    status,
    type,
    body: document('ErrorResponse', namespaces[service], {
      Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message },
      RequestId: requestId,
    }),
  };
}
