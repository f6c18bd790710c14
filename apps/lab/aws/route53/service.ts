/** Route 53, REST with XML: finds the operation by method and path, runs it, answers a document. */
import type { Passage } from '../../fault/passage.ts';
import type { AwsAccount } from '../../store/accounts.ts';
import type { Lab } from '../../store/lab.ts';
import { isMissing } from '../fault-words.ts';
import type { AwsState } from '../state.ts';
import { AwsError } from '../wire/error.ts';
import { document } from '../wire/xml.ts';
import { parseBody, type Route53Answer, type Route53Call } from './call.ts';
import { changeResourceRecordSets, listResourceRecordSets } from './record.ts';
import type { Route53State } from './state.ts';
import { changeTags, getChange, listTags, listTagsOfMany } from './tag.ts';
import {
  associateVpc,
  createHostedZone,
  deleteHostedZone,
  disassociateVpc,
  getHostedZone,
  listHostedZones,
  listHostedZonesByName,
  listHostedZonesByVpc,
} from './zone.ts';

interface Route {
  method: string;
  /** Under `/2013-04-01/`. */
  path: RegExp;
  action: string;
  run(call: Route53Call): Route53Answer;
  /** The body's root element; none for calls without a body. */
  body?: string;
}

const ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: /^hostedzone$/,
    action: 'CreateHostedZone',
    run: createHostedZone,
    body: 'CreateHostedZoneRequest',
  },
  { method: 'GET', path: /^hostedzone$/, action: 'ListHostedZones', run: listHostedZones },
  { method: 'GET', path: /^hostedzonesbyname$/, action: 'ListHostedZonesByName', run: listHostedZonesByName },
  { method: 'GET', path: /^hostedzonesbyvpc$/, action: 'ListHostedZonesByVPC', run: listHostedZonesByVpc },
  { method: 'GET', path: /^hostedzone\/(?<id>[^/]+)$/, action: 'GetHostedZone', run: getHostedZone },
  { method: 'DELETE', path: /^hostedzone\/(?<id>[^/]+)$/, action: 'DeleteHostedZone', run: deleteHostedZone },
  {
    method: 'POST',
    path: /^hostedzone\/(?<id>[^/]+)\/associatevpc$/,
    action: 'AssociateVPCWithHostedZone',
    run: associateVpc,
    body: 'AssociateVPCWithHostedZoneRequest',
  },
  {
    method: 'POST',
    path: /^hostedzone\/(?<id>[^/]+)\/disassociatevpc$/,
    action: 'DisassociateVPCFromHostedZone',
    run: disassociateVpc,
    body: 'DisassociateVPCFromHostedZoneRequest',
  },
  {
    method: 'POST',
    path: /^hostedzone\/(?<id>[^/]+)\/rrset$/,
    action: 'ChangeResourceRecordSets',
    run: changeResourceRecordSets,
    body: 'ChangeResourceRecordSetsRequest',
  },
  {
    method: 'GET',
    path: /^hostedzone\/(?<id>[^/]+)\/rrset$/,
    action: 'ListResourceRecordSets',
    run: listResourceRecordSets,
  },
  { method: 'GET', path: /^change\/(?<id>[^/]+)$/, action: 'GetChange', run: getChange },
  {
    method: 'POST',
    path: /^tags\/(?<type>[^/]+)\/(?<id>[^/]+)$/,
    action: 'ChangeTagsForResource',
    run: changeTags,
    body: 'ChangeTagsForResourceRequest',
  },
  {
    method: 'GET',
    path: /^tags\/(?<type>[^/]+)\/(?<id>[^/]+)$/,
    action: 'ListTagsForResource',
    run: listTags,
  },
  {
    method: 'POST',
    path: /^tags\/(?<type>[^/]+)$/,
    action: 'ListTagsForResources',
    run: listTagsOfMany,
    body: 'ListTagsForResourcesRequest',
  },
];

/** Which operation a request is; undefined for none that this lab knows. */
export function routeOf(method: string, url: URL): (Route & { parts: Record<string, string> }) | undefined {
  const path = url.pathname.match(/^\/2013-04-01\/(.*?)\/?$/)?.[1];
  if (path === undefined) return undefined;
  for (const route of ROUTES) {
    const match = route.method === method ? path.match(route.path) : null;
    if (match) return { ...route, parts: { ...match.groups } };
  }
  return undefined;
}

/** Answers one call, or throws AwsError and has changed nothing. */
export function callRoute53(
  lab: Lab,
  sections: AwsState,
  account: AwsAccount,
  method: string,
  url: URL,
  text: string,
  passage: Passage,
): { body: string; status: number; headers: Record<string, string> } {
  const route = routeOf(method, url);
  if (!route)
    throw new AwsError(
      'InvalidAction',
      `Could not find operation ${method} ${url.pathname} for version 2013-04-01`,
    );
  const body = route.body ? parseBody(text, route.body) : {};
  const run = (state: Route53State) =>
    route.run({
      state,
      ec2: sections.ec2.read(),
      account,
      now: lab.now(),
      path: route.parts,
      query: url.searchParams,
      body,
      full: passage.full,
    });
  const reads = method === 'GET' || route.action === 'ListTagsForResources';
  // A change is there for whoever was told its id.
  const follows = route.action === 'GetChange';
  const answer = follows
    ? run(sections.route53.read())
    : reads
      ? passage.read('aws-route53', sections.route53, run)
      : passage.change('aws-route53', sections.route53, run, isMissing);
  return {
    body: document(answer.root, 'https://route53.amazonaws.com/doc/2013-04-01/', answer.content),
    status: answer.status ?? 200,
    headers: answer.headers ?? {},
  };
}
