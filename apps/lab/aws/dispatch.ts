/** From a named and authenticated call to its answer: whether the caller may, then the service that does it. */
import type { Passage } from '../fault/passage.ts';
import type { Lab } from '../store/lab.ts';
import type { Section } from '../store/store.ts';
import { authorize, type Caller } from './access/caller.ts';
import { ec2Requests } from './access/ec2-requests.ts';
import type { Request } from './access/policy.ts';
import type { AwsAccess } from './access/state.ts';
import type { Service } from './authenticate.ts';
import { callEc2, knowsEc2 } from './ec2/service.ts';
import { callIam, callSsm, callSts, iamRequests } from './identity.ts';
import { callServiceQuotas, quotaOf } from './quota.ts';
import { callRoute53 } from './route53/service.ts';
import type { AwsState } from './state.ts';
import { lookupEvents } from './trail.ts';
import { AwsError } from './wire/error.ts';
import { Params } from './wire/query.ts';

export interface Answer {
  status: number;
  type: string;
  body: string;
  headers?: Record<string, string>;
}

export interface AwsCall {
  service: Service;
  action: string;
  region: string;
  params: Params;
  method: string;
  url: URL;
  /** The body. */
  text: string;
  requestId: string;
}

export const JSON_TYPE = 'application/x-amz-json-1.1';

/** Answers a call, or throws AwsError and has changed nothing. */
export function execute(
  lab: Lab,
  state: AwsState & { access: Section<AwsAccess> },
  caller: Caller,
  call: AwsCall,
  passage: Passage,
): Answer {
  const { service, action, region, params, requestId } = call;
  const input = ['ssm', 'servicequotas', 'cloudtrail'].includes(service) ? parseJson(call.text) : {};
  authorize(service, caller, requestsOf(state, caller, call, input), passage);
  const { accountId } = caller.account;
  const xml = (document: string): Answer => ({ status: 200, type: 'text/xml;charset=UTF-8', body: document });
  const json = (content: object): Answer => ({ status: 200, type: JSON_TYPE, body: JSON.stringify(content) });
  switch (service) {
    case 'ec2':
      return xml(callEc2(lab, state.ec2, caller.account, region, action, params, passage));
    case 'sts':
      return xml(callSts(state.access, caller, action, params, { requestId, now: lab.now() }));
    case 'iam':
      return xml(callIam(state.access.read(), caller, action, params, requestId, passage));
    case 'route53':
      return {
        ...xml(''),
        ...callRoute53(lab, state, caller.account, call.method, call.url, call.text, passage),
      };
    case 'ssm':
      return json(callSsm(region, action, input));
    case 'servicequotas': {
      const limitOf: Parameters<typeof callServiceQuotas>[0]['limitOf'] = (name) =>
        passage.limitOf(name, quotaOf(lab.store, accountId, name));
      return json(callServiceQuotas({ accountId, region, limitOf }, action, input));
    }
    case 'cloudtrail':
      if (action !== 'LookupEvents') throw new AwsError('UnknownOperationException', '');
      return json(lookupEvents({ accountId, region, log: lab.requests.list() }, input));
  }
}

/** What a call asks of the caller's policy. Of one that does not exist nothing: it is refused for that. */
function requestsOf(
  state: AwsState,
  caller: Caller,
  { service, action, region, text, method, url, params }: AwsCall,
  input: Record<string, unknown>,
): Request[] {
  const { accountId } = caller.account;
  switch (service) {
    case 'ec2': {
      if (!knowsEc2(action)) return [];
      const fresh = Params.parse(method === 'GET' ? url.search : text);
      return ec2Requests(action, fresh, { region, accountId, state: state.ec2.read() });
    }
    case 'sts':
      // Everybody may ask who he is; whether a role may be assumed is its trust's to say.
      return [];
    case 'iam':
      return iamRequests(caller, action, params);
    case 'route53': {
      const zone = /\/(?:hostedzone|tags\/hostedzone)\/([^/]+)/.exec(url.pathname)?.[1];
      const resource = zone ? `arn:aws:route53:::hostedzone/${zone}` : '*';
      const requests: Request[] = [{ action: `route53:${action}`, resource, context: {} }];
      // A private zone is bound to a VPC, which its maker must be able to see.
      if (method === 'POST' && /<VPCId>/.test(text))
        requests.push({ action: 'ec2:DescribeVpcs', resource: '*', context: {} });
      return requests;
    }
    case 'ssm': {
      const names = [input.Name ?? input.Names ?? []].flat() as unknown[];
      return names.map((name) => ({
        action: `ssm:${action}`,
        resource: `arn:aws:ssm:${region}::parameter${String(name)}`,
        context: {},
      }));
    }
    default:
      return [{ action: `${service}:${action}`, resource: '*', context: {} }];
  }
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
