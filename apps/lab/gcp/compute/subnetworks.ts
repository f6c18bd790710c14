/** `compute.subnetworks`: a network's ranges, one region each. */

import { formatAddress, isPrivate, overlap, parseRange } from '../../ground/ranges.ts';
import { regionNames } from '../catalog.ts';
import { fingerprintOf, lookUp, nextId, type Subnetwork, sorted } from '../state.ts';
import { alreadyExists, inUse, invalid, notFound, required } from '../wire/errors.ts';
import { AGGREGATED, type Call, LISTING, type Method, method } from '../wire/method.ts';
import { checkName, link, referenceName } from '../wire/names.ts';
import { aggregatedAnswer, listAnswer } from '../wire/page.ts';
import { networkPath } from './network-path.ts';
import { networkOf } from './networks.ts';
import { checkReady, showOperation, start } from './operations.ts';
import { checkAgainstPeers } from './peerings.ts';
import { checkRegion } from './places.ts';
import { exceeded } from './quota.ts';

const PATH = '/compute/v1/projects/:project/regions/:region/subnetworks';

const SHAPE = {
  name: 'string',
  description: 'string',
  network: 'string',
  ipCidrRange: 'string',
  region: 'string',
  privateIpGoogleAccess: 'bool',
  purpose: 'string',
  stackType: 'string',
  enableFlowLogs: 'kept',
  logConfig: 'kept',
  params: 'kept',
  privateIpv6GoogleAccess: 'kept',
  allowSubnetCidrRoutesOverlap: 'absent',
  externalIpv6Prefix: 'absent',
  ipCollection: 'absent',
  ipv6AccessType: 'absent',
  reservedInternalRange: 'absent',
  resolveSubnetMask: 'absent',
  role: 'absent',
  secondaryIpRanges: 'absent',
  creationTimestamp: 'output',
  fingerprint: 'output',
  gatewayAddress: 'output',
  id: 'output',
  internalIpv6Prefix: 'output',
  ipv6CidrRange: 'output',
  ipv6GceEndpoint: 'output',
  kind: 'output',
  selfLink: 'output',
  state: 'output',
  systemReservedExternalIpv6Ranges: 'output',
  systemReservedInternalIpv6Ranges: 'output',
  utilizationDetails: 'output',
} as const;

export const subnetworkPath = (projectId: string, region: string, name: string) =>
  `projects/${projectId}/regions/${region}/subnetworks/${name}`;

/** The subnet a reference names, ready for use. @throws GoogleError `invalid`, `notFound`, `resourceNotReady`. */
export function subnetworkOf(
  call: Pick<Call, 'projectId' | 'project'>,
  reference: string,
  field: string,
): Subnetwork {
  const { path, name, scope } = referenceName(
    reference,
    call.projectId,
    field,
    'projects/*/regions/*/subnetworks/*',
  );
  const mine = path.startsWith(`projects/${call.projectId}/`);
  const found = mine ? lookUp(call.project.subnetworks, `${scope}/`, name) : undefined;
  if (!found) throw notFound(path);
  checkReady(call.project, subnetworkPath(call.projectId, found.region, found.name));
  return found;
}

export const routerOf = (cidr: string): string => formatAddress((parseRange(cidr)?.from ?? 0) + 1);

function show(projectId: string, it: Subnetwork): Record<string, unknown> {
  return {
    kind: 'compute#subnetwork',
    id: it.id,
    creationTimestamp: it.createdAt,
    name: it.name,
    ...(it.description ? { description: it.description } : {}),
    network: link(networkPath(projectId, it.network)),
    ipCidrRange: it.cidr,
    gatewayAddress: routerOf(it.cidr),
    region: link(`projects/${projectId}/regions/${it.region}`),
    selfLink: link(subnetworkPath(projectId, it.region, it.name)),
    privateIpGoogleAccess: it.privateGoogleAccess,
    fingerprint: fingerprintOf([it.id, it.cidr, it.privateGoogleAccess]),
    purpose: 'PRIVATE',
    stackType: 'IPV4_ONLY',
    ...it.kept,
  };
}

function find(call: Call): Subnetwork {
  const { region = '', subnetwork = '' } = call.params;
  const found = lookUp(call.project.subnetworks, `${region}/`, subnetwork);
  if (!found) throw notFound(subnetworkPath(call.projectId, region, subnetwork));
  return found;
}

function checkRange(call: Call, network: string, cidr: string): void {
  const field = 'resource.ipCidrRange';
  const range = parseRange(cidr);
  if (!range || !cidr.includes('/') || range.prefixLength < 4 || range.prefixLength > 29)
    throw invalid(
      field,
      cidr,
      'Must be a CIDR range with a prefix length of 4 to 29 and no bits set after it.',
    );
  if (!isPrivate(range)) throw invalid(field, cidr, 'The lab allows ranges for private use only.');
  for (const other of sorted(call.project.subnetworks)) {
    const taken = other.network === network ? parseRange(other.cidr) : undefined;
    if (taken && overlap(taken, range))
      throw invalid(
        field,
        cidr,
        `Invalid IPCidrRange: ${cidr} conflicts with existing subnetwork '${other.name}' in region '${other.region}'.`,
      );
  }
}

export const subnetworks: readonly Method[] = [
  method({
    id: 'compute.subnetworks.insert',
    http: 'POST',
    path: PATH,
    permission: 'compute.subnetworks.create',
    query: ['requestId'],
    body: SHAPE,
    changes: true,
    handle(call) {
      const { body } = call;
      const region = checkRegion(call.projectId, call.params.region);
      const name = checkName(body.name);
      if (!body.network) throw required('resource.network');
      if (!body.ipCidrRange) throw required('resource.ipCidrRange');
      if (body.purpose && body.purpose !== 'PRIVATE')
        throw invalid('resource.purpose', body.purpose, 'The lab has PRIVATE subnetworks only.');
      if (body.stackType && body.stackType !== 'IPV4_ONLY')
        throw invalid('resource.stackType', body.stackType, 'The lab has IPv4 only.');
      const network = networkOf(call, body.network, 'resource.network');
      const path = subnetworkPath(call.projectId, region, name);
      if (call.project.subnetworks[`${region}/${name}`]) throw alreadyExists(path);
      checkRange(call, network.name, body.ipCidrRange);
      checkAgainstPeers(call, network, body.ipCidrRange, 'resource.ipCidrRange');
      const id = nextId(call.state);
      const work = { scope: `regions/${region}`, type: 'insert', target: path, targetId: id };
      if (call.full('SUBNETWORKS', Object.keys(call.project.subnetworks).length + 1))
        return showOperation(
          call.projectId,
          start(call, { ...work, error: exceeded(call, 'SUBNETWORKS', 'globally') }),
        );
      const { logConfig, enableFlowLogs } = body;
      call.project.subnetworks[`${region}/${name}`] = {
        id,
        name,
        createdAt: call.now.toISOString(),
        description: body.description ?? '',
        region,
        network: network.name,
        cidr: body.ipCidrRange,
        privateGoogleAccess: body.privateIpGoogleAccess ?? false,
        kept: {
          ...(logConfig ? { logConfig } : {}),
          ...(enableFlowLogs === undefined ? {} : { enableFlowLogs }),
        },
      };
      return showOperation(call.projectId, start(call, work));
    },
  }),
  method({
    id: 'compute.subnetworks.get',
    http: 'GET',
    path: `${PATH}/:subnetwork`,
    permission: 'compute.subnetworks.get',
    changes: false,
    handle(call) {
      checkRegion(call.projectId, call.params.region);
      return show(call.projectId, find(call));
    },
  }),
  method({
    id: 'compute.subnetworks.list',
    http: 'GET',
    path: PATH,
    permission: 'compute.subnetworks.list',
    query: LISTING,
    changes: false,
    handle(call) {
      const region = checkRegion(call.projectId, call.params.region);
      const here = sorted(call.project.subnetworks).filter((each) => each.region === region);
      return listAnswer(
        'compute#subnetworkList',
        `projects/${call.projectId}/regions/${region}/subnetworks`,
        here.map((each) => show(call.projectId, each)),
        call.query,
      );
    },
  }),
  method({
    id: 'compute.subnetworks.aggregatedList',
    http: 'GET',
    path: '/compute/v1/projects/:project/aggregated/subnetworks',
    permission: 'compute.subnetworks.list',
    query: AGGREGATED,
    changes: false,
    handle: (call) =>
      aggregatedAnswer(
        'compute#subnetworkAggregatedList',
        `projects/${call.projectId}/aggregated/subnetworks`,
        'subnetworks',
        regionNames.map((each) => `regions/${each}`),
        (item) => `regions/${String(item.region).split('/').at(-1)}`,
        sorted(call.project.subnetworks).map((each) => show(call.projectId, each)),
        call.query,
      ),
  }),
  method({
    id: 'compute.subnetworks.delete',
    http: 'DELETE',
    path: `${PATH}/:subnetwork`,
    permission: 'compute.subnetworks.delete',
    query: ['requestId'],
    changes: true,
    handle(call) {
      checkRegion(call.projectId, call.params.region);
      const found = find(call);
      const target = subnetworkPath(call.projectId, found.region, found.name);
      checkReady(call.project, target);
      const user = sorted(call.project.instances).find(
        (each) => each.subnetwork === found.name && each.zone.startsWith(`${found.region}-`),
      );
      if (user)
        throw inUse(
          'subnetwork',
          target,
          `projects/${call.projectId}/zones/${user.zone}/instances/${user.name}`,
        );
      const operation = start(call, {
        scope: `regions/${found.region}`,
        type: 'delete',
        target,
        targetId: found.id,
        effect: { kind: 'remove', collection: 'subnetworks', key: `${found.region}/${found.name}` },
      });
      return showOperation(call.projectId, operation);
    },
  }),
];
