/** `compute.routes`: those every network has. Custom routes are not made in the lab. */
import { fingerprintOf, type Project, sorted } from '../state.ts';
import { notFound } from '../wire/errors.ts';
import { LISTING, type Method, method } from '../wire/method.ts';
import { link } from '../wire/names.ts';
import { listAnswer } from '../wire/page.ts';
import { networkPath } from './network-path.ts';

const PATH = '/compute/v1/projects/:project/global/routes';

/** The default route to the internet and one to each subnet. */
function routesOf(projectId: string, project: Project): Record<string, unknown>[] {
  return sorted(project.networks)
    .flatMap((network) => {
      const show = (
        key: string,
        destRange: string,
        priority: number,
        description: string,
        hop: Record<string, string>,
      ) => {
        // Google names its own routes `default-route-` and 16 hexadecimal digits.
        const hex = Buffer.from(fingerprintOf([network.id, key]), 'base64').toString('hex');
        const name = `default-route-${hex}`;
        return {
          kind: 'compute#route',
          id: BigInt(`0x${hex}`).toString(),
          creationTimestamp: network.createdAt,
          name,
          description,
          network: link(networkPath(projectId, network.name)),
          destRange,
          priority,
          ...hop,
          selfLink: link(`projects/${projectId}/global/routes/${name}`),
        };
      };
      const subnets = sorted(project.subnetworks).filter((each) => each.network === network.name);
      return [
        show('internet', '0.0.0.0/0', 1000, 'Default route to the Internet.', {
          nextHopGateway: link(`projects/${projectId}/global/gateways/default-internet-gateway`),
        }),
        ...subnets.map((each) =>
          show(each.id, each.cidr, 0, `Default local route to the subnetwork ${each.cidr}.`, {
            nextHopNetwork: link(networkPath(projectId, network.name)),
          }),
        ),
      ];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export const routes: readonly Method[] = [
  method({
    id: 'compute.routes.list',
    http: 'GET',
    path: PATH,
    permission: 'compute.routes.list',
    query: LISTING,
    changes: false,
    handle: (call) =>
      listAnswer(
        'compute#routeList',
        `projects/${call.projectId}/global/routes`,
        routesOf(call.projectId, call.project),
        call.query,
      ),
  }),
  method({
    id: 'compute.routes.get',
    http: 'GET',
    path: `${PATH}/:route`,
    permission: 'compute.routes.get',
    changes: false,
    handle(call) {
      const found = routesOf(call.projectId, call.project).find((each) => each.name === call.params.route);
      if (!found) throw notFound(`projects/${call.projectId}/global/routes/${call.params.route}`);
      return found;
    },
  }),
];
