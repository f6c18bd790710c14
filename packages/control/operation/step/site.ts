/**
 * Handlers of steps: what each kind does. All are safe to run again from the start. This file loads what a handler
 * works on: its cluster and network as they are now, the cloud behind them.
 */
import type { CallContext, Cloud, Owner } from '@skein/clouds/provider.ts';
import { providerOf } from '@skein/clouds/registry.ts';
import type { CloudAccount, Cluster, Network, Peer } from '@skein/database/generated/client.ts';
import { z } from 'zod';
import { keptCloud } from '../../cloud/kept.ts';
import { StepFailure, type StepRun } from '../engine/step-run.ts';
import type { StepInput } from '../steps/planned.ts';
import { resumeOf } from './resume.ts';

export interface Site {
  cluster: Cluster;
  network: Network;
  account: CloudAccount;
  /** Managed peers that have not been removed; only those the step names, where it names some. */
  peers: Peer[];
  cloud: Cloud;
  owner: Owner;
  call: CallContext;
  instanceType: string;
}

const Input = z.object({
  peers: z.array(z.string()).optional(),
  kinds: z
    .array(z.enum(['record', 'zone', 'instance', 'address', 'firewall', 'peering', 'network']))
    .optional(),
  keys: z.array(z.string()).optional(),
  with: z.string().optional(),
  use: z.literal(true).optional(),
  revision: z.int().optional(),
  version: z.string().optional(),
  findings: z.array(z.string()).optional(),
});

export function inputOf(run: StepRun): StepInput {
  const { peers, kinds, keys, with: other, use, revision, version, findings } = Input.parse(run.step.input);
  return {
    ...(peers && { peers }),
    ...(kinds && { kinds }),
    ...(keys && { keys }),
    ...(other && { with: other }),
    ...(use && { use }),
    ...(revision !== undefined && { revision }),
    ...(version !== undefined && { version }),
    ...(findings && { findings }),
  };
}

/** What a call to a cloud gets from the step. */
export function callOf(run: StepRun): CallContext {
  return {
    signal: run.signal,
    waitingFor: run.waitingFor,
    attempt: run.step.attempt,
    resume: resumeOf(run),
  };
}

/** The cluster of the step and its cloud. */
export async function siteOf(run: StepRun): Promise<Site> {
  const { organizationId, clusterId } = run.step;
  const cluster = await run.context.database.cluster.findFirst({
    where: { id: clusterId ?? '', organizationId },
    include: {
      network: true,
      cloudAccount: true,
      peers: { where: { removedAt: null, managed: true }, orderBy: { name: 'asc' } },
    },
  });
  if (!cluster?.cloudAccount) throw gone('The cluster or its cloud account is gone.');
  const { network, cloudAccount: account, peers, ...row } = cluster;
  const named = inputOf(run).peers;
  return {
    cluster: row,
    network,
    account,
    peers: named ? peers.filter((peer) => named.includes(peer.name)) : peers,
    cloud: keptCloud(run.context, account, cluster.region),
    owner: { organizationId, networkId: network.id, clusterId: cluster.id },
    call: callOf(run),
    instanceType: cluster.instanceType ?? providerOf(account.provider).defaultInstanceType,
  };
}

/** The network of the step. */
export async function networkOf(run: StepRun): Promise<Network> {
  const { organizationId, networkId } = run.step;
  const network = await run.context.database.network.findFirst({ where: { id: networkId, organizationId } });
  if (!network) throw gone('The network is gone.');
  return network;
}

/** Where something the step works on is not there any more: nothing that trying again could mend. */
export function gone(message: string): StepFailure {
  return new StepFailure({ code: 'gone', message, remedy: null, retryable: false });
}

/** Name of something in a cloud's console: the network's, the cluster's and its own, at most 60 characters. */
export function consoleName(site: Pick<Site, 'network' | 'cluster'>, own: string): string {
  return `${site.network.name}-${site.cluster.name}-${own}`.slice(0, 60).replace(/-+$/, '');
}
