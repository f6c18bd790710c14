/**
 * One half of a network peering. Google keeps halves on their networks, without description or label: the name says whose
 * one is. Once both halves are there Google exchanges the subnets' routes by itself.
 */
import type { protos } from '@google-cloud/compute';
import { waitFor } from '../bounded-wait.ts';
import {
  type CallContext,
  CloudError,
  type Keyed,
  type PeeringSpec,
  type PeeringState,
  type Resource,
} from '../provider.ts';
import { within } from '../within.ts';
import type { Connection } from './connection.ts';
import { ownerIn } from './ownership.ts';
import { halfIn, peeringName } from './peering-name.ts';

type Network = protos.google.cloud.compute.v1.INetwork;
type Peering = protos.google.cloud.compute.v1.INetworkPeering;

const QUIET_SECONDS = 240;

/** Google changes one peering at a time on either network, and refuses others meanwhile. */
function onceQuiet(change: () => Promise<void>, network: string, context: CallContext): Promise<true> {
  return waitFor(
    () =>
      change().then(
        () => true as const,
        (error) => {
          if (error instanceof CloudError && /peering operation in progress/i.test(error.message))
            return undefined;
          throw error;
        },
      ),
    {
      what: `other changes of the peerings of ${network} to end`,
      limitSeconds: QUIET_SECONDS,
      context,
      firstMilliseconds: 250,
    },
  );
}

/** `projects/…/global/networks/…`, of a link or a path. */
const pathOf = (link: string | null | undefined) => link?.slice(link.indexOf('projects/')) ?? '';
const lastOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

export function peerings(connection: Connection): Resource<PeeringSpec, PeeringState> {
  const { project, region } = connection;
  const allNetworks = (context: CallContext) =>
    connection.askAll('listing networks', context, (on, options) =>
      on.networks.listAsync({ project }, options),
    );

  /** The half by its name, on whichever network of the project it is. */
  async function find(
    at: Keyed,
    context: CallContext,
  ): Promise<{ network: string; peering: Peering } | undefined> {
    const name = peeringName(at);
    for (const one of await allNetworks(context)) {
      const peering = one.peerings?.find((each) => each.name === name);
      if (peering) return { network: one.name ?? '', peering };
    }
    return undefined;
  }

  async function stateOf(network: string, peering: Peering, context: CallContext): Promise<PeeringState> {
    const routes = await connection.askAll('listing routes of the peering', context, (on, options) =>
      on.networks.listPeeringRoutesAsync(
        { project, network, peeringName: peering.name ?? '', region, direction: 'INCOMING' },
        options,
      ),
    );
    const cidrs = routes.flatMap((one) => one.destRange ?? []).sort();
    return {
      externalId: `projects/${project}/global/networks/${network}/peerings/${peering.name}`,
      active: peering.state === 'ACTIVE',
      cidrs: [...new Set(cidrs)],
    };
  }

  async function make(spec: PeeringSpec, network: string, context: CallContext) {
    const far = pathOf(spec.far.network.externalId);
    const name = peeringName(spec);
    const add = () =>
      connection.change('peering the networks', context, (on, requestId, options) =>
        on.networks.addPeering(
          {
            project,
            network,
            requestId,
            networksAddPeeringRequestResource: {
              networkPeering: { name, network: far, exchangeSubnetRoutes: true },
            },
          },
          options,
        ),
      );
    await onceQuiet(add, network, context).catch(async (error) => {
      // The same call, made elsewhere or with its answer lost; or a peering of somebody else's between the two.
      if (!(error instanceof CloudError) || error.code !== 'conflict') throw error;
      if (await find(spec, context)) return;
      throw new CloudError(
        'not-ours',
        `Network ${network} is peered with ${far} already, under a name that is not ours; it is left alone.`,
        { remedy: 'Delete that peering, or switch peering off for this network.', cause: error.cause },
      );
    });
  }

  return {
    async observe(at, context) {
      const found = await find(at, context);
      return found && stateOf(found.network, found.peering, context);
    },

    async reconcile(spec, context) {
      const network = lastOf(spec.near.externalId);
      const held = await find(spec, context);
      if (held && pathOf(held.peering.network) !== pathOf(spec.far.network.externalId))
        throw new CloudError(
          'conflict',
          `The peering ${held.peering.name} is with ${pathOf(held.peering.network)}, not ${spec.far.network.externalId}.`,
          { remedy: 'Delete it first: a peering cannot move.' },
        );
      if (!held) await make(spec, network, context);
      const made = await waitFor(() => find(spec, context), {
        what: `the peering of ${network} to show`,
        limitSeconds: 60,
        context,
      });
      return stateOf(made.network, made.peering, context);
    },

    async delete(at, context) {
      const found = await find(at, context);
      if (!found) return;
      const { network } = found;
      const remove = () =>
        connection.change('ending the peering', context, (on, requestId, options) =>
          on.networks.removePeering(
            {
              project,
              network,
              requestId,
              networksRemovePeeringRequestResource: { name: found.peering.name ?? '' },
            },
            options,
          ),
        );
      await onceQuiet(remove, network, context).catch(async (error) => {
        // Somebody else was quicker: Google calls that a wrong name.
        if (await find(at, context)) throw error;
      });
    },

    async list(owner, context) {
      const found: (PeeringState & Keyed)[] = [];
      for (const one of await allNetworks(context)) {
        for (const peering of one.peerings ?? []) {
          const at = halfIn(peering.name ?? '', knownOwner(one, owner));
          if (!at || !within(at.owner, owner)) continue;
          found.push({ ...(await stateOf(one.name ?? '', peering, context)), ...at });
        }
      }
      return found;
    },
  };
}

/** The name holds the clusters alone: whose they are says the caller, or the network where it is ours. */
function knownOwner(network: Network, asked: { organizationId: string; networkId?: string | undefined }) {
  const networkId = asked.networkId ?? ownerIn(network.description)?.owner.networkId;
  return networkId === undefined ? undefined : { organizationId: asked.organizationId, networkId };
}
