/** `compute.firewalls`: which packets a network lets through. */
import { parseRange } from '../../ground/ranges.ts';
import { type Firewall, lookUp, nextId, sorted, type Traffic } from '../state.ts';
import { alreadyExists, GoogleError, invalid, notFound, required } from '../wire/errors.ts';
import { type Call, LISTING, type Method, method } from '../wire/method.ts';
import { checkName, link } from '../wire/names.ts';
import { listAnswer } from '../wire/page.ts';
import type { Value } from '../wire/shape.ts';
import { networkPath } from './network-path.ts';
import { networkOf } from './networks.ts';
import { checkReady, showOperation, start } from './operations.ts';
import { exceededMessage } from './quota.ts';

const PATH = '/compute/v1/projects/:project/global/firewalls';

const TRAFFIC = [{ IPProtocol: 'string', ports: ['string'] }] as const;
const SHAPE = {
  name: 'string',
  description: 'string',
  network: 'string',
  direction: 'string',
  priority: 'int',
  disabled: 'bool',
  allowed: TRAFFIC,
  denied: TRAFFIC,
  sourceRanges: ['string'],
  destinationRanges: ['string'],
  sourceTags: ['string'],
  targetTags: ['string'],
  logConfig: 'kept',
  params: 'kept',
  sourceServiceAccounts: 'absent',
  targetServiceAccounts: 'absent',
  creationTimestamp: 'output',
  id: 'output',
  kind: 'output',
  selfLink: 'output',
} as const;
type Body = Value<typeof SHAPE>;

const NAMED_PROTOCOLS = ['all', 'tcp', 'udp', 'icmp', 'esp', 'ah', 'sctp', 'ipip'];
const MOST_RANGES = 5000;
const MOST_TAGS = { sourceTags: 30, targetTags: 70 } as const;
const TAG = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

export const firewallPath = (projectId: string, name: string) =>
  `projects/${projectId}/global/firewalls/${name}`;

function show(projectId: string, it: Firewall): Record<string, unknown> {
  const list = (
    name: 'sourceRanges' | 'destinationRanges' | 'sourceTags' | 'targetTags' | 'allowed' | 'denied',
  ) => (it[name].length > 0 ? { [name]: it[name] } : {});
  return {
    kind: 'compute#firewall',
    id: it.id,
    creationTimestamp: it.createdAt,
    name: it.name,
    description: it.description,
    network: link(networkPath(projectId, it.network)),
    priority: it.priority,
    ...list('sourceRanges'),
    ...list('destinationRanges'),
    ...list('sourceTags'),
    ...list('targetTags'),
    ...list('allowed'),
    ...list('denied'),
    direction: it.direction,
    disabled: it.disabled,
    logConfig: { enable: false },
    ...it.kept,
    selfLink: link(firewallPath(projectId, it.name)),
  };
}

function checkTraffic(list: Body['allowed'], field: string): Traffic[] {
  return (list ?? []).map((each, index) => {
    const at = `resource.${field}[${index}]`;
    if (!each.IPProtocol) throw required(`${at}.IPProtocol`);
    const protocol = each.IPProtocol.toLowerCase();
    const number = /^\d{1,3}$/.test(protocol) && Number(protocol) <= 255;
    if (!number && !NAMED_PROTOCOLS.includes(protocol))
      throw invalid(`${at}.IPProtocol`, each.IPProtocol, 'Invalid IP protocol specification.');
    const ports = each.ports ?? [];
    if (ports.length > 0 && !['tcp', 'udp', 'sctp', '6', '17', '132'].includes(protocol))
      throw invalid(`${at}.ports`, ports[0], 'Ports may only be specified for TCP, UDP and SCTP.');
    for (const [i, port] of ports.entries()) {
      const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(port);
      const from = Number(match?.[1]);
      const to = Number(match?.[2] ?? match?.[1]);
      if (!match || from > 65535 || to > 65535 || from > to)
        throw invalid(
          `${at}.ports[${i}]`,
          port,
          'Ports must be a number or a range such as 80-90, from 0 to 65535.',
        );
    }
    return { IPProtocol: protocol, ...(ports.length > 0 ? { ports } : {}) };
  });
}

function checkRanges(list: readonly string[] | undefined, field: string): string[] {
  if ((list?.length ?? 0) > MOST_RANGES)
    throw invalid(`resource.${field}`, '', `There are at most ${MOST_RANGES} values.`);
  return (list ?? []).map((each, index) => {
    // Google allows IPv6 as well; the lab's networks are IPv4 only, so such a rule could never match.
    const range = parseRange(each);
    if (!range)
      throw invalid(`resource.${field}[${index}]`, each, 'Must be a valid IPV4 CIDR address range.');
    return each.includes('/') ? each : `${each}/32`;
  });
}

function checkTags(list: readonly string[] | undefined, field: 'sourceTags' | 'targetTags'): string[] {
  if ((list?.length ?? 0) > MOST_TAGS[field])
    throw invalid(`resource.${field}`, '', `There are at most ${MOST_TAGS[field]} values.`);
  for (const [index, tag] of (list ?? []).entries())
    if (!TAG.test(tag))
      throw invalid(
        `resource.${field}[${index}]`,
        tag,
        "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'",
      );
  return list ? [...list] : [];
}

/** The rule a body asks for; what it leaves out has Google's default. */
function ruleOf(call: Call, body: Body, made: Pick<Firewall, 'id' | 'name' | 'createdAt'>): Firewall {
  // A reference left out means the network called `default`.
  const network = networkOf(call, body.network || 'global/networks/default', 'resource.network');
  const direction = body.direction || 'INGRESS';
  if (direction !== 'INGRESS' && direction !== 'EGRESS')
    throw invalid('resource.direction', direction, 'Must be INGRESS or EGRESS.');
  const priority = body.priority ?? 1000;
  if (priority < 0 || priority > 65535)
    throw invalid('resource.priority', priority, 'Must be between 0 and 65535, inclusive.');
  const allowed = checkTraffic(body.allowed, 'allowed');
  const denied = checkTraffic(body.denied, 'denied');
  if (allowed.length > 0 === denied.length > 0)
    throw new GoogleError(
      400,
      allowed.length > 0 ? 'invalid' : 'required',
      'Firewall rule must have exactly one of allowed or denied set.',
    );
  const sourceRanges = checkRanges(body.sourceRanges, 'sourceRanges');
  const destinationRanges = checkRanges(body.destinationRanges, 'destinationRanges');
  const sourceTags = checkTags(body.sourceTags, 'sourceTags');
  if (direction === 'EGRESS' && (sourceRanges.length > 0 || sourceTags.length > 0))
    throw invalid(
      sourceTags.length > 0 ? 'resource.sourceTags' : 'resource.sourceRanges',
      '',
      'Source filters are not allowed for an EGRESS rule.',
    );
  if (direction === 'INGRESS' && destinationRanges.length > 0)
    throw invalid(
      'resource.destinationRanges',
      destinationRanges[0],
      'The lab has destination ranges for EGRESS rules only.',
    );
  const world = ['0.0.0.0/0'];
  return {
    ...made,
    description: body.description ?? '',
    network: network.name,
    direction,
    priority,
    disabled: body.disabled ?? false,
    allowed,
    denied,
    sourceRanges:
      direction === 'INGRESS' && sourceRanges.length === 0 && sourceTags.length === 0 ? world : sourceRanges,
    destinationRanges: direction === 'EGRESS' && destinationRanges.length === 0 ? world : destinationRanges,
    sourceTags,
    targetTags: checkTags(body.targetTags, 'targetTags'),
    kept: body.logConfig ? { logConfig: body.logConfig } : {},
  };
}

function find(call: Call): Firewall {
  const found = lookUp(call.project.firewalls, '', call.params.firewall ?? '');
  if (!found) throw notFound(firewallPath(call.projectId, call.params.firewall ?? ''));
  return found;
}

/** Replaces a rule. Network and direction cannot be changed. */
function replace(call: Call, before: Firewall, body: Body, type: 'patch' | 'update') {
  const path = firewallPath(call.projectId, before.name);
  checkReady(call.project, path);
  if (body.name !== undefined && body.name !== before.name)
    throw invalid('resource.name', body.name, `The name must be '${before.name}' as in the path.`);
  const after = ruleOf(call, body, before);
  if (after.network !== before.network)
    throw invalid('resource.network', body.network, 'The network of a firewall rule cannot be changed.');
  if (after.direction !== before.direction)
    throw invalid(
      'resource.direction',
      after.direction,
      'The direction of a firewall rule cannot be changed.',
    );
  call.project.firewalls[before.name] = after;
  return showOperation(
    call.projectId,
    start(call, { scope: 'global', type, target: path, targetId: before.id }),
  );
}

export const firewalls: readonly Method[] = [
  method({
    id: 'compute.firewalls.insert',
    http: 'POST',
    path: PATH,
    permission: 'compute.firewalls.create',
    query: ['requestId'],
    body: SHAPE,
    changes: true,
    handle(call) {
      const name = checkName(call.body.name);
      const path = firewallPath(call.projectId, name);
      if (call.project.firewalls[name]) throw alreadyExists(path);
      const id = nextId(call.state);
      const rule = ruleOf(call, call.body, { id, name, createdAt: call.now.toISOString() });
      if (call.full('FIREWALLS', Object.keys(call.project.firewalls).length + 1))
        throw new GoogleError(403, 'quotaExceeded', exceededMessage(call, 'FIREWALLS', 'globally'));
      call.project.firewalls[name] = rule;
      return showOperation(
        call.projectId,
        start(call, { scope: 'global', type: 'insert', target: path, targetId: id }),
      );
    },
  }),
  method({
    id: 'compute.firewalls.get',
    http: 'GET',
    path: `${PATH}/:firewall`,
    permission: 'compute.firewalls.get',
    changes: false,
    handle: (call) => show(call.projectId, find(call)),
  }),
  method({
    id: 'compute.firewalls.list',
    http: 'GET',
    path: PATH,
    permission: 'compute.firewalls.list',
    query: LISTING,
    changes: false,
    handle: (call) =>
      listAnswer(
        'compute#firewallList',
        `projects/${call.projectId}/global/firewalls`,
        sorted(call.project.firewalls).map((each) => show(call.projectId, each)),
        call.query,
      ),
  }),
  method({
    id: 'compute.firewalls.patch',
    http: 'PATCH',
    path: `${PATH}/:firewall`,
    permission: 'compute.firewalls.update',
    query: ['requestId'],
    body: SHAPE,
    changes: true,
    handle(call) {
      const before = find(call);
      const { createdAt: _, id: __, kept, name, ...present } = before;
      const said = Object.fromEntries(
        Object.entries(call.body).filter(([, value]) => value !== undefined),
      ) as Body;
      const merged: Body = {
        ...present,
        network: `global/networks/${before.network}`,
        ...kept,
        ...said,
        name: said.name ?? name,
      };
      // Saying one of the two anew means the other no longer holds.
      if (said.allowed && !said.denied) merged.denied = [];
      if (said.denied && !said.allowed) merged.allowed = [];
      return replace(call, before, merged, 'patch');
    },
  }),
  method({
    id: 'compute.firewalls.update',
    http: 'PUT',
    path: `${PATH}/:firewall`,
    permission: 'compute.firewalls.update',
    query: ['requestId'],
    body: SHAPE,
    changes: true,
    handle: (call) => replace(call, find(call), call.body, 'update'),
  }),
  method({
    id: 'compute.firewalls.delete',
    http: 'DELETE',
    path: `${PATH}/:firewall`,
    permission: 'compute.firewalls.delete',
    query: ['requestId'],
    changes: true,
    handle(call) {
      const found = find(call);
      const target = firewallPath(call.projectId, found.name);
      checkReady(call.project, target);
      const operation = start(call, {
        scope: 'global',
        type: 'delete',
        target,
        targetId: found.id,
        effect: { kind: 'remove', collection: 'firewalls', key: found.name },
      });
      return showOperation(call.projectId, operation);
    },
  }),
];
