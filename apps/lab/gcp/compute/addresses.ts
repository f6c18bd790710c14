/** `compute.addresses`: reserved public addresses of a region, and the giving out of public addresses. */
import { INTERNET } from '../../ground/ground.ts';
import { formatAddress, parseRange } from '../../ground/ranges.ts';
import { regionNames } from '../catalog.ts';
import {
  type Address,
  fingerprintOf,
  type GcpState,
  type Instance,
  lookUp,
  nextId,
  type Project,
  sorted,
} from '../state.ts';
import { alreadyExists, fingerprintMismatch, inUse, invalid, notFound } from '../wire/errors.ts';
import { AGGREGATED, type Call, LISTING, type Method, method } from '../wire/method.ts';
import { checkLabels, checkName, link } from '../wire/names.ts';
import { aggregatedAnswer, listAnswer } from '../wire/page.ts';
import { checkReady, showOperation, start } from './operations.ts';
import { checkRegion } from './places.ts';
import { exceeded, usedIn } from './quota.ts';

const PATH = '/compute/v1/projects/:project/regions/:region/addresses';

const SHAPE = {
  name: 'string',
  description: 'string',
  addressType: 'string',
  networkTier: 'string',
  ipVersion: 'string',
  labels: 'labels',
  region: 'string',
  address: 'absent',
  ipCollection: 'absent',
  ipv6EndpointType: 'absent',
  network: 'absent',
  prefixLength: 'absent',
  purpose: 'absent',
  subnetwork: 'absent',
  creationTimestamp: 'output',
  id: 'output',
  kind: 'output',
  labelFingerprint: 'output',
  selfLink: 'output',
  status: 'output',
  users: 'output',
} as const;

export const addressPath = (projectId: string, region: string, name: string) =>
  `projects/${projectId}/regions/${region}/addresses/${name}`;

/**
 * The next free public address, going round the range so that one just given up is not given out at once.
 * @throws Error when all 16,000 are taken, which the quotas prevent.
 */
export function nextPublicAddress(state: GcpState): string {
  const taken = new Set<string>();
  for (const project of Object.values(state.projects)) {
    for (const each of Object.values(project.addresses)) taken.add(each.address);
    for (const each of Object.values(project.instances))
      if (each.external?.natIP) taken.add(each.external.natIP);
  }
  const range = parseRange(INTERNET.gcp);
  const size = range ? range.to - range.from - 1 : 0;
  for (let i = 0; i < size; i += 1) {
    const address = formatAddress((range?.from ?? 0) + 1 + ((state.serial * 3 + i) % size));
    if (!taken.has(address)) return address;
  }
  throw new Error('every public address of the lab is taken');
}

export const userOfAddress = (project: Project, address: string): Instance | undefined =>
  sorted(project.instances).find((each) => each.external?.natIP === address);

function show(projectId: string, project: Project, it: Address): Record<string, unknown> {
  const user = userOfAddress(project, it.address);
  return {
    kind: 'compute#address',
    id: it.id,
    creationTimestamp: it.createdAt,
    name: it.name,
    description: it.description,
    address: it.address,
    status: user ? 'IN_USE' : 'RESERVED',
    region: link(`projects/${projectId}/regions/${it.region}`),
    selfLink: link(addressPath(projectId, it.region, it.name)),
    ...(user ? { users: [link(`projects/${projectId}/zones/${user.zone}/instances/${user.name}`)] } : {}),
    networkTier: it.networkTier,
    ...(Object.keys(it.labels).length > 0 ? { labels: it.labels } : {}),
    labelFingerprint: fingerprintOf(it.labels),
    addressType: 'EXTERNAL',
  };
}

function find(call: Call): Address {
  const region = checkRegion(call.projectId, call.params.region);
  const name = call.params.address ?? '';
  const found = lookUp(call.project.addresses, `${region}/`, name);
  if (!found) throw notFound(addressPath(call.projectId, region, name));
  return found;
}

export const addresses: readonly Method[] = [
  method({
    id: 'compute.addresses.insert',
    http: 'POST',
    path: PATH,
    permission: 'compute.addresses.create',
    query: ['requestId'],
    body: SHAPE,
    changes: true,
    handle(call) {
      const { body } = call;
      const region = checkRegion(call.projectId, call.params.region);
      const name = checkName(body.name);
      if (body.addressType && body.addressType !== 'EXTERNAL')
        throw invalid('resource.addressType', body.addressType, 'The lab reserves EXTERNAL addresses only.');
      if (body.ipVersion && body.ipVersion !== 'IPV4')
        throw invalid('resource.ipVersion', body.ipVersion, 'The lab has IPv4 only.');
      const networkTier = body.networkTier || 'PREMIUM';
      if (networkTier !== 'PREMIUM' && networkTier !== 'STANDARD')
        throw invalid('resource.networkTier', networkTier, 'Must be PREMIUM or STANDARD.');
      const labels = checkLabels(body.labels);
      const path = addressPath(call.projectId, region, name);
      if (call.project.addresses[`${region}/${name}`]) throw alreadyExists(path);
      const id = nextId(call.state);
      const work = { scope: `regions/${region}`, type: 'insert', target: path, targetId: id };
      if (call.full('STATIC_ADDRESSES', usedIn(call.project, region).STATIC_ADDRESSES + 1))
        return showOperation(
          call.projectId,
          start(call, { ...work, error: exceeded(call, 'STATIC_ADDRESSES', `in region ${region}`) }),
        );
      call.project.addresses[`${region}/${name}`] = {
        id,
        name,
        createdAt: call.now.toISOString(),
        description: body.description ?? '',
        region,
        address: nextPublicAddress(call.state),
        networkTier,
        labels,
      };
      return showOperation(call.projectId, start(call, work));
    },
  }),
  method({
    id: 'compute.addresses.get',
    http: 'GET',
    path: `${PATH}/:address`,
    permission: 'compute.addresses.get',
    changes: false,
    handle: (call) => show(call.projectId, call.project, find(call)),
  }),
  method({
    id: 'compute.addresses.list',
    http: 'GET',
    path: PATH,
    permission: 'compute.addresses.list',
    query: LISTING,
    changes: false,
    handle(call) {
      const region = checkRegion(call.projectId, call.params.region);
      const here = sorted(call.project.addresses).filter((each) => each.region === region);
      return listAnswer(
        'compute#addressList',
        `projects/${call.projectId}/regions/${region}/addresses`,
        here.map((each) => show(call.projectId, call.project, each)),
        call.query,
      );
    },
  }),
  method({
    id: 'compute.addresses.aggregatedList',
    http: 'GET',
    path: '/compute/v1/projects/:project/aggregated/addresses',
    permission: 'compute.addresses.list',
    query: AGGREGATED,
    changes: false,
    handle: (call) =>
      aggregatedAnswer(
        'compute#addressAggregatedList',
        `projects/${call.projectId}/aggregated/addresses`,
        'addresses',
        ['global', ...regionNames.map((each) => `regions/${each}`)],
        (item) => `regions/${String(item.region).split('/').at(-1)}`,
        sorted(call.project.addresses).map((each) => show(call.projectId, call.project, each)),
        call.query,
      ),
  }),
  method({
    id: 'compute.addresses.setLabels',
    http: 'POST',
    path: `${PATH}/:address/setLabels`,
    permission: 'compute.addresses.setLabels',
    query: ['requestId'],
    body: { labels: 'labels', labelFingerprint: 'string' },
    changes: true,
    handle(call) {
      const found = find(call);
      const target = addressPath(call.projectId, found.region, found.name);
      checkReady(call.project, target);
      if (call.body.labelFingerprint !== fingerprintOf(found.labels)) throw fingerprintMismatch('label');
      found.labels = checkLabels(call.body.labels);
      const work = { scope: `regions/${found.region}`, type: 'setLabels', target, targetId: found.id };
      return showOperation(call.projectId, start(call, work));
    },
  }),
  method({
    id: 'compute.addresses.delete',
    http: 'DELETE',
    path: `${PATH}/:address`,
    permission: 'compute.addresses.delete',
    query: ['requestId'],
    changes: true,
    handle(call) {
      const found = find(call);
      const target = addressPath(call.projectId, found.region, found.name);
      checkReady(call.project, target);
      const user = userOfAddress(call.project, found.address);
      if (user)
        throw inUse(
          'address',
          target,
          `projects/${call.projectId}/zones/${user.zone}/instances/${user.name}`,
        );
      const operation = start(call, {
        scope: `regions/${found.region}`,
        type: 'delete',
        target,
        targetId: found.id,
        effect: { kind: 'remove', collection: 'addresses', key: `${found.region}/${found.name}` },
      });
      return showOperation(call.projectId, operation);
    },
  }),
];
