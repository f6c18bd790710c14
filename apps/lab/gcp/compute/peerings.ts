/**
 * `compute.networks` peering: each network says for itself with which other it wants to be peered; both halves together
 * are active. Subnet routes are exchanged then, with nothing more to do.
 */
import { overlap, parseRange } from '../../ground/ranges.ts';
import { type GcpState, lookUp, type Network, type Peering, type Project, sorted } from '../state.ts';
import { GoogleError, invalid, notFound, required } from '../wire/errors.ts';
import { type Call, type Method, method } from '../wire/method.ts';
import { checkName, link, referenceName } from '../wire/names.ts';
import { networkPath } from './network-path.ts';
import { showOperation, start } from './operations.ts';

const PATH = '/compute/v1/projects/:project/global/networks/:network';
const MOST_PEERINGS = 25;

const PEERING = {
  name: 'string',
  network: 'string',
  exchangeSubnetRoutes: 'bool',
  exportCustomRoutes: 'bool',
  importCustomRoutes: 'bool',
  exportSubnetRoutesWithPublicIp: 'kept',
  importSubnetRoutesWithPublicIp: 'kept',
  stackType: 'kept',
  peerMtu: 'kept',
  updateStrategy: 'kept',
  autoCreateRoutes: 'kept',
  connectionStatus: 'output',
  state: 'output',
  stateDetails: 'output',
} as const;

/** The other network of a peering, wherever it is. */
function farOf(
  state: GcpState,
  peering: Peering,
): { projectId: string; project: Project; network: Network } | undefined {
  const [, projectId = '', , , name = ''] = peering.network.split('/');
  const project = state.projects[projectId];
  const network = project?.networks[name];
  return project && network ? { projectId, project, network } : undefined;
}

/** The peered network of an active peering: one that says the same of this network. */
export function activePeer(state: GcpState, projectId: string, near: Network, peering: Peering) {
  const far = farOf(state, peering);
  const back = networkPath(projectId, near.name);
  return far?.network.peerings?.some((one) => one.network === back) ? far : undefined;
}

/** A network's peerings as Google shows them. */
export function showPeerings(state: GcpState, projectId: string, it: Network): Record<string, unknown>[] {
  return (it.peerings ?? []).map((peering) => {
    const active = activePeer(state, projectId, it, peering) !== undefined;
    return {
      name: peering.name,
      network: link(peering.network),
      state: active ? 'ACTIVE' : 'INACTIVE',
      stateDetails: active
        ? `[${peering.connectedAt}]: Connected.`
        : `[${peering.connectedAt}]: Waiting for peer network to connect.`,
      autoCreateRoutes: true,
      exchangeSubnetRoutes: true,
      exportCustomRoutes: peering.exportCustomRoutes,
      importCustomRoutes: peering.importCustomRoutes,
      exportSubnetRoutesWithPublicIp: true,
      importSubnetRoutesWithPublicIp: false,
      stackType: 'IPV4_ONLY',
    };
  });
}

/** Ranges of a network's subnets, and whose they are. */
const rangesOf = (project: Project, network: string) =>
  sorted(project.subnetworks).filter((each) => each.network === network);

/** @throws GoogleError `invalid` where a subnet of this range would share addresses with a peered network. */
export function checkAgainstPeers(
  call: Pick<Call, 'state' | 'projectId'>,
  near: Network,
  cidr: string,
  field: string,
): void {
  const range = parseRange(cidr);
  for (const peering of near.peerings ?? []) {
    const far = farOf(call.state, peering);
    for (const other of far ? rangesOf(far.project, far.network.name) : []) {
      const taken = parseRange(other.cidr);
      if (range && taken && overlap(range, taken))
        throw invalid(
          field,
          cidr,
          `An IP range in the peer network (${other.cidr}) overlaps with an IP range in the local network (${cidr}).`,
        );
    }
  }
}

function find(call: Call): Network {
  const found = lookUp(call.project.networks, '', call.params.network ?? '');
  if (!found) throw notFound(networkPath(call.projectId, call.params.network ?? ''));
  return found;
}

/** Google makes one change of peerings at a time on either network. */
function checkQuiet(call: Call, paths: readonly string[]): void {
  const types = ['addPeering', 'removePeering', 'updatePeering'];
  const busy = Object.values(call.state.projects)
    .flatMap((project) => project.operations)
    .find((one) => one.endedAt === null && types.includes(one.type) && paths.includes(one.target));
  if (busy)
    throw new GoogleError(
      400,
      'badRequest',
      'There is a peering operation in progress on the local or peer network. Try again later.',
    );
}

function operation(call: Call, type: string, it: Network): unknown {
  const target = networkPath(call.projectId, it.name);
  return showOperation(call.projectId, start(call, { scope: 'global', type, target, targetId: it.id }));
}

function add(
  call: Call,
  body: { name?: string | undefined; network?: string | undefined },
  custom: Pick<Peering, 'exportCustomRoutes' | 'importCustomRoutes'>,
): unknown {
  const near = find(call);
  const name = checkName(body.name, 'networkPeering.name');
  if (!body.network) throw required('networkPeering.network');
  const field = 'networkPeering.network';
  const { path } = referenceName(body.network, call.projectId, field, 'projects/*/global/networks/*');
  const own = networkPath(call.projectId, near.name);
  if (path === own) throw invalid(field, body.network, 'A network cannot be peered with itself.');
  checkQuiet(call, [own, path]);
  const peering: Peering = { name, network: path, ...custom, connectedAt: call.now.toISOString() };
  const far = farOf(call.state, peering);
  if (!far && path.startsWith(`projects/${call.projectId}/`)) throw notFound(path);
  const held = near.peerings ?? [];
  if (held.some((one) => one.name === name || one.network === path))
    throw new GoogleError(
      409,
      'alreadyExists',
      `There is already a peering '${name}', or one with the network '${path}', in '${own}'.`,
    );
  if (held.length >= MOST_PEERINGS)
    throw new GoogleError(
      403,
      'quotaExceeded',
      `Quota 'PEERINGS_PER_NETWORK' exceeded. Limit: ${MOST_PEERINGS}.0`,
    );
  const wish = { ...near, peerings: [peering] };
  for (const subnet of rangesOf(call.project, near.name)) checkAgainstPeers(call, wish, subnet.cidr, field);
  near.peerings = [...held, peering];
  return operation(call, 'addPeering', near);
}

export const peerings: readonly Method[] = [
  method({
    id: 'compute.networks.addPeering',
    http: 'POST',
    path: `${PATH}/addPeering`,
    permission: 'compute.networks.addPeering',
    query: ['requestId'],
    body: { name: 'string', peerNetwork: 'string', autoCreateRoutes: 'bool', networkPeering: PEERING },
    changes: true,
    handle(call) {
      const wish = call.body.networkPeering;
      if (wish && wish.exchangeSubnetRoutes !== true)
        throw invalid(
          'networkPeering.exchangeSubnetRoutes',
          wish.exchangeSubnetRoutes ?? '',
          'Subnet routes are always exchanged: set it to true.',
        );
      return add(call, wish ?? { name: call.body.name, network: call.body.peerNetwork }, {
        exportCustomRoutes: wish?.exportCustomRoutes ?? false,
        importCustomRoutes: wish?.importCustomRoutes ?? false,
      });
    },
  }),
  method({
    id: 'compute.networks.updatePeering',
    http: 'PATCH',
    path: `${PATH}/updatePeering`,
    permission: 'compute.networks.updatePeering',
    query: ['requestId'],
    body: { networkPeering: PEERING },
    changes: true,
    handle(call) {
      const near = find(call);
      const wish = call.body.networkPeering ?? {};
      const held = near.peerings?.find((one) => one.name === wish.name);
      if (!held) throw noPeering(call, near, wish.name);
      checkQuiet(call, [networkPath(call.projectId, near.name), held.network]);
      held.exportCustomRoutes = wish.exportCustomRoutes ?? held.exportCustomRoutes;
      held.importCustomRoutes = wish.importCustomRoutes ?? held.importCustomRoutes;
      return operation(call, 'updatePeering', near);
    },
  }),
  method({
    id: 'compute.networks.removePeering',
    http: 'POST',
    path: `${PATH}/removePeering`,
    permission: 'compute.networks.removePeering',
    query: ['requestId'],
    body: { name: 'string' },
    changes: true,
    handle(call) {
      const near = find(call);
      const held = near.peerings?.find((one) => one.name === call.body.name);
      if (!held) throw noPeering(call, near, call.body.name);
      checkQuiet(call, [networkPath(call.projectId, near.name), held.network]);
      near.peerings = near.peerings?.filter((one) => one !== held) ?? [];
      return operation(call, 'removePeering', near);
    },
  }),
  method({
    id: 'compute.networks.listPeeringRoutes',
    http: 'GET',
    path: `${PATH}/listPeeringRoutes`,
    permission: 'compute.networks.listPeeringRoutes',
    query: [
      'direction',
      'peeringName',
      'region',
      'filter',
      'maxResults',
      'pageToken',
      'orderBy',
      'returnPartialSuccess',
    ],
    changes: false,
    handle(call) {
      const near = find(call);
      const name = call.query.get('peeringName') ?? '';
      const peering = near.peerings?.find((one) => one.name === name);
      if (!peering) throw noPeering(call, near, name);
      const direction = call.query.get('direction') ?? 'INCOMING';
      if (direction !== 'INCOMING' && direction !== 'OUTGOING')
        throw invalid('direction', direction, 'Must be INCOMING or OUTGOING.');
      const far = activePeer(call.state, call.projectId, near, peering);
      const from = direction === 'INCOMING' ? far : far && { project: call.project, network: near };
      const subnets = from ? rangesOf(from.project, from.network.name) : [];
      return {
        kind: 'compute#exchangedPeeringRoutesList',
        id: `${networkPath(call.projectId, near.name)}/listPeeringRoutes`,
        items: subnets.map((each) => ({
          destRange: each.cidr,
          imported: true,
          nextHopRegion: each.region,
          priority: 0,
          type: 'SUBNET_PEERING_ROUTE',
        })),
        selfLink: link(`${networkPath(call.projectId, near.name)}/listPeeringRoutes`),
      };
    },
  }),
];

const noPeering = (call: Call, near: Network, name: string | undefined) =>
  new GoogleError(
    400,
    'invalid',
    `Invalid value for field 'name': '${name ?? ''}'. There is no peering '${name ?? ''}' in the network '${networkPath(call.projectId, near.name)}'.`,
  );
