/** `compute.networks`: VPC networks in custom subnet mode. */
import { lookUp, type Network, nextId, type Project, sorted } from '../state.ts';
import { alreadyExists, inUseMessage, invalid, notFound } from '../wire/errors.ts';
import { type Call, LISTING, type Method, method } from '../wire/method.ts';
import { checkName, link, referenceName } from '../wire/names.ts';
import { listAnswer } from '../wire/page.ts';
import { networkPath } from './network-path.ts';
import { checkReady, showOperation, start } from './operations.ts';
import { showPeerings } from './peerings.ts';
import { exceeded } from './quota.ts';

const PATH = '/compute/v1/projects/:project/global/networks';

const SHAPE = {
  name: 'string',
  description: 'string',
  autoCreateSubnetworks: 'bool',
  mtu: 'int',
  routingConfig: {
    routingMode: 'string',
    bgpBestPathSelectionMode: 'kept',
    bgpAlwaysCompareMed: 'kept',
    bgpInterRegionCost: 'kept',
    effectiveBgpAlwaysCompareMed: 'output',
    effectiveBgpInterRegionCost: 'output',
  },
  networkFirewallPolicyEnforcementOrder: 'kept',
  params: 'kept',
  IPv4Range: 'absent',
  enableUlaInternalIpv6: 'absent',
  internalIpv6Range: 'absent',
  networkProfile: 'absent',
  peerings: 'absent',
  creationTimestamp: 'output',
  firewallPolicy: 'output',
  gatewayIPv4: 'output',
  id: 'output',
  kind: 'output',
  selfLink: 'output',
  selfLinkWithId: 'output',
  subnetworks: 'output',
} as const;

/** The network a reference names, ready for use. @throws GoogleError `invalid`, `notFound`, `resourceNotReady`. */
export function networkOf(
  call: Pick<Call, 'projectId' | 'project'>,
  reference: string,
  field: string,
): Network {
  const { path, name } = referenceName(reference, call.projectId, field, 'projects/*/global/networks/*');
  const found = path.startsWith(`projects/${call.projectId}/`)
    ? lookUp(call.project.networks, '', name)
    : undefined;
  if (!found) throw notFound(path);
  checkReady(call.project, networkPath(call.projectId, found.name));
  return found;
}

/** What uses a network, as a path; undefined when nothing does. */
function userOf(projectId: string, project: Project, name: string): string | undefined {
  const firewall = sorted(project.firewalls).find((each) => each.network === name);
  if (firewall) return `projects/${projectId}/global/firewalls/${firewall.name}`;
  const subnet = sorted(project.subnetworks).find((each) => each.network === name);
  if (subnet) return `projects/${projectId}/regions/${subnet.region}/subnetworks/${subnet.name}`;
  const peering = project.networks[name]?.peerings?.[0];
  if (peering) return `${networkPath(projectId, name)}/peerings/${peering.name}`;
  const instance = sorted(project.instances).find((each) => each.network === name);
  return instance && `projects/${projectId}/zones/${instance.zone}/instances/${instance.name}`;
}

function show(
  { state, projectId, project }: Pick<Call, 'state' | 'projectId' | 'project'>,
  it: Network,
): Record<string, unknown> {
  const peerings = showPeerings(state, projectId, it);
  const subnets = sorted(project.subnetworks).filter((each) => each.network === it.name);
  return {
    kind: 'compute#network',
    id: it.id,
    creationTimestamp: it.createdAt,
    name: it.name,
    ...(it.description ? { description: it.description } : {}),
    selfLink: link(networkPath(projectId, it.name)),
    selfLinkWithId: link(networkPath(projectId, it.id)),
    autoCreateSubnetworks: false,
    ...(subnets.length > 0
      ? {
          subnetworks: subnets.map((each) =>
            link(`projects/${projectId}/regions/${each.region}/subnetworks/${each.name}`),
          ),
        }
      : {}),
    ...(peerings.length > 0 ? { peerings } : {}),
    routingConfig: { routingMode: it.routingMode },
    mtu: it.mtu,
    networkFirewallPolicyEnforcementOrder: 'AFTER_CLASSIC_FIREWALL',
  };
}

function find(call: Call): Network {
  const found = lookUp(call.project.networks, '', call.params.network ?? '');
  if (!found) throw notFound(networkPath(call.projectId, call.params.network ?? ''));
  return found;
}

export const networks: readonly Method[] = [
  method({
    id: 'compute.networks.insert',
    http: 'POST',
    path: PATH,
    permission: 'compute.networks.create',
    query: ['requestId'],
    body: SHAPE,
    changes: true,
    handle(call) {
      const { body } = call;
      const name = checkName(body.name);
      const path = networkPath(call.projectId, name);
      if (body.autoCreateSubnetworks !== false)
        throw invalid(
          'resource.autoCreateSubnetworks',
          body.autoCreateSubnetworks ?? '',
          'The lab has networks in custom subnet mode only: set it to false.',
        );
      const mtu = body.mtu ?? 1460;
      if (mtu < 1300 || mtu > 8896) throw invalid('resource.mtu', mtu, 'Must be between 1300 and 8896.');
      const routingMode = body.routingConfig?.routingMode ?? 'REGIONAL';
      if (routingMode !== 'REGIONAL' && routingMode !== 'GLOBAL')
        throw invalid('resource.routingConfig.routingMode', routingMode, 'Must be REGIONAL or GLOBAL.');
      if (call.project.networks[name]) throw alreadyExists(path);
      const id = nextId(call.state);
      const work = { scope: 'global', type: 'insert', target: path, targetId: id };
      if (call.full('NETWORKS', Object.keys(call.project.networks).length + 1))
        return showOperation(
          call.projectId,
          start(call, { ...work, error: exceeded(call, 'NETWORKS', 'globally') }),
        );
      call.project.networks[name] = {
        id,
        name,
        createdAt: call.now.toISOString(),
        description: body.description ?? '',
        mtu,
        routingMode,
      };
      return showOperation(call.projectId, start(call, work));
    },
  }),
  method({
    id: 'compute.networks.get',
    http: 'GET',
    path: `${PATH}/:network`,
    permission: 'compute.networks.get',
    changes: false,
    handle: (call) => show(call, find(call)),
  }),
  method({
    id: 'compute.networks.list',
    http: 'GET',
    path: PATH,
    permission: 'compute.networks.list',
    query: LISTING,
    changes: false,
    handle: (call) =>
      listAnswer(
        'compute#networkList',
        `projects/${call.projectId}/global/networks`,
        sorted(call.project.networks).map((each) => show(call, each)),
        call.query,
      ),
  }),
  method({
    id: 'compute.networks.delete',
    http: 'DELETE',
    path: `${PATH}/:network`,
    permission: 'compute.networks.delete',
    query: ['requestId'],
    changes: true,
    handle(call) {
      const found = find(call);
      const target = networkPath(call.projectId, found.name);
      checkReady(call.project, target);
      const user = userOf(call.projectId, call.project, found.name);
      const work = { scope: 'global', type: 'delete', target, targetId: found.id };
      // Google takes the call and says that the network is in use only in the operation.
      const operation = user
        ? start(call, {
            ...work,
            error: {
              code: 'RESOURCE_IN_USE_BY_ANOTHER_RESOURCE',
              message: inUseMessage('network', target, user),
              httpStatus: 400,
              httpMessage: 'BAD REQUEST',
            },
          })
        : start(call, { ...work, effect: { kind: 'remove', collection: 'networks', key: found.name } });
      return showOperation(call.projectId, operation);
    },
  }),
];
