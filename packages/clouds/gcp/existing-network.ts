/** A network and subnetwork of somebody else's: looked at, never changed or deleted. */
import { type CallContext, CloudError, type NetworkState } from '../provider.ts';
import type { Connection } from './connection.ts';

const pathOf = (link: string | null | undefined) => link?.slice(link.indexOf('projects/')) ?? '';

/**
 * Both may be named plainly, or by a path or link of this project. The range is the subnetwork's primary one.
 * @throws CloudError `not-found`; `invalid` where the subnetwork is another network's
 */
export async function existingNetwork(
  connection: Connection,
  at: { networkId: string; subnetId: string },
  context: CallContext,
): Promise<NetworkState> {
  const { project, region } = connection;
  const nameIn = (text: string, folder: string) => {
    const path = text.includes('projects/') ? pathOf(text) : text;
    const name = path.startsWith(folder) ? path.slice(folder.length) : path;
    if (!name.includes('/')) return name;
    throw new CloudError('invalid', `${text} is not one of ${folder}….`, {
      remedy: `Name one of the project ${project}, in the region ${region}.`,
    });
  };
  const network = nameIn(at.networkId, `projects/${project}/global/networks/`);
  const subnetwork = nameIn(at.subnetId, `projects/${project}/regions/${region}/subnetworks/`);
  const found = await connection.ask('looking at the existing network', context, (on, options) =>
    on.networks.get({ project, network }, options),
  );
  const subnet = await connection.ask('looking at the existing subnetwork', context, (on, options) =>
    on.subnetworks.get({ project, region, subnetwork }, options),
  );
  const externalId = `projects/${project}/global/networks/${found.name}`;
  if (pathOf(subnet.network) !== externalId)
    throw new CloudError(
      'invalid',
      `Subnetwork ${subnetwork} is of ${pathOf(subnet.network)}, not of ${externalId}.`,
      { remedy: 'Name the network that the subnetwork is of.' },
    );
  return {
    externalId,
    subnetId: `projects/${project}/regions/${region}/subnetworks/${subnet.name}`,
    cidr: subnet.ipCidrRange ?? '',
  };
}
