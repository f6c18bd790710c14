/** A custom-mode network with one subnetwork. Google adds the way out; its implied rules deny all ingress. */
import { allOf } from '../bounded-wait.ts';
import {
  type CallContext,
  CloudError,
  type Keyed,
  type NetworkSpec,
  type NetworkState,
  type Resource,
} from '../provider.ts';
import { within } from '../within.ts';
import type { Connection } from './connection.ts';
import { make, oursOnly } from './find-or-make.ts';
import { describe, nameFor, ownerIn } from './ownership.ts';

export function networks(connection: Connection): Resource<NetworkSpec, NetworkState> {
  const { project, region } = connection;
  const networkPath = (name: string) => `projects/${project}/global/networks/${name}`;
  const subnetPath = (name: string) => `projects/${project}/regions/${region}/subnetworks/${name}`;

  const getNetwork = (network: string, context: CallContext) =>
    connection.askUnlessGone('reading the network', context, (on, options) =>
      on.networks.get({ project, network }, options),
    );
  const getSubnet = (subnetwork: string, context: CallContext) =>
    connection.askUnlessGone('reading the subnetwork', context, (on, options) =>
      on.subnetworks.get({ project, region, subnetwork }, options),
    );

  const stateOf = (name: string, subnet: { ipCidrRange?: string | null } | undefined): NetworkState => ({
    externalId: networkPath(name),
    subnetId: subnet ? subnetPath(name) : '',
    cidr: subnet?.ipCidrRange ?? '',
  });

  /** Firewall rules hold a network too, and are not named before the subnetwork is already gone. */
  async function refuseWhileHeld(name: string, context: CallContext) {
    const rules = await connection.askAll('listing firewall rules', context, (on, options) =>
      on.firewalls.listAsync({ project }, options),
    );
    const holders = rules
      .filter((rule) => rule.network?.endsWith(`/${name}`))
      .map((rule) => `firewall rule ${rule.name}`);
    if (holders.length > 0) {
      throw new CloudError('in-use', `Network ${name} is still used by ${holders.join(', ')}.`, {
        remedy: 'Delete those first.',
      });
    }
  }

  return {
    async observe(at, context) {
      const name = nameFor(at);
      const found = oursOnly(await getNetwork(name, context), at, 'network');
      return found && stateOf(name, oursOnly(await getSubnet(name, context), at, 'subnetwork'));
    },

    async reconcile(spec, context) {
      const name = nameFor(spec);
      const description = describe(spec, region, spec.name);
      const [network, subnetwork] = await allOf([getNetwork(name, context), getSubnet(name, context)]);
      if (!oursOnly(network, spec, 'network'))
        await make(
          {
            kind: 'network',
            at: spec,
            get: () => getNetwork(name, context),
            insert: () =>
              connection.change('creating the network', context, (on, requestId, options) =>
                on.networks.insert(
                  {
                    project,
                    requestId,
                    networkResource: {
                      name,
                      description,
                      autoCreateSubnetworks: false,
                      routingConfig: { routingMode: 'REGIONAL' },
                    },
                  },
                  options,
                ),
              ),
          },
          context,
        );
      const subnet = oursOnly(subnetwork, spec, 'subnetwork') ??
        (await make(
          {
            kind: 'subnetwork',
            at: spec,
            get: () => getSubnet(name, context),
            insert: () =>
              connection.change('creating the subnetwork', context, (on, requestId, options) =>
                on.subnetworks.insert(
                  {
                    project,
                    region,
                    requestId,
                    subnetworkResource: {
                      name,
                      description,
                      network: networkPath(name),
                      ipCidrRange: spec.cidr,
                    },
                  },
                  options,
                ),
              ),
          },
          context,
        )) ?? { ipCidrRange: spec.cidr };
      if (subnet.ipCidrRange !== spec.cidr) {
        throw new CloudError(
          'conflict',
          `Subnetwork ${name} has the range ${subnet.ipCidrRange}, not ${spec.cidr}.`,
          {
            remedy: 'Delete the network first: its range cannot change.',
          },
        );
      }
      return stateOf(name, subnet);
    },

    async delete(at, context) {
      const name = nameFor(at);
      const network = oursOnly(await getNetwork(name, context), at, 'network');
      const subnet = oursOnly(await getSubnet(name, context), at, 'subnetwork');
      if (network) await refuseWhileHeld(name, context);
      if (subnet) {
        await unlessGone(
          connection.change('deleting the subnetwork', context, (on, requestId, options) =>
            on.subnetworks.delete({ project, region, subnetwork: name, requestId }, options),
          ),
        );
      }
      if (network) {
        await unlessGone(
          connection.change('deleting the network', context, (on, requestId, options) =>
            on.networks.delete({ project, network: name, requestId }, options),
          ),
        );
      }
    },

    async list(owner, context) {
      const all = await connection.askAll('listing networks', context, (on, options) =>
        on.networks.listAsync({ project }, options),
      );
      const mine = all.flatMap((network) => {
        const by = ownerIn(network.description);
        return by && network.name && by.region === region && within(by.owner, owner)
          ? [{ name: network.name, by }]
          : [];
      });
      const answer = async ({ name, by }: { name: string; by: Keyed }) => ({
        ...stateOf(name, await getSubnet(name, context)),
        owner: by.owner,
        key: by.key,
      });
      return Promise.all(mine.map(answer));
    },
  };
}

/** Deleting what is gone succeeds. */
export async function unlessGone(deletion: Promise<void>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!(error instanceof CloudError) || error.code !== 'not-found') throw error;
  }
}
