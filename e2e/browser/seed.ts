/** Rows of an organization in the middle of its life, made by the product's own verbs where there are some. */
import { mintApiToken } from '@skein/control/api-token/mint.ts';
import { addCluster } from '@skein/control/cluster/add.ts';
import type { Context } from '@skein/control/context.ts';
import { mintJoinToken } from '@skein/control/join-token/mint.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import type { RunningLab } from '@skein/lab/start.ts';
import { type SeededAccounts, seedAccounts } from './seed/accounts.ts';
import { hold } from './seed/books.ts';
import { seedDrift, seedOrphans } from './seed/drift.ts';
import { finish, middle } from './seed/operation.ts';
import { enrol } from './seed/peers.ts';

export interface Seeded {
  organizationId: string;
  accounts: SeededAccounts;
  /** Three clusters, six peers, five of them connected; one link down; something is being made. */
  networkId: string;
  clusterId: string;
  /** Three clouds and plain hosts, at rest, so that every change can be planned; its clouds differ. */
  restingId: string;
  /** Ended well. */
  provisionId: string;
  /** In the middle: steps done, running, tried again, failed and waiting. */
  growthId: string;
}

/** @param clouds the lab that the accounts are of */
export async function seed(context: Context, clouds: RunningLab): Promise<Seeded> {
  const { database } = context;
  const { organizationId } = context.actor;
  const accounts = await seedAccounts(context, clouds);
  await mintApiToken(context, { name: 'continuous integration', expiresInDays: 90 });

  const cluster = (name: string, cloudAccountId: string, region: string) => ({
    name,
    cloudAccountId,
    region,
    nodes: 2,
  });
  const { network, operation } = await createNetwork(context, {
    name: 'shop',
    topology: 'hybrid',
    zone: 'shop.example.com',
    allowedPorts: [{ protocol: 'tcp', port: 8080 }],
    peering: 'none',
    driftPolicy: 'heal',
    clusters: [
      cluster('production', accounts.aws, 'us-east-1'),
      cluster('recovery', accounts.aws, 'us-west-2'),
      cluster('development', accounts.gcp, 'us-central1'),
    ],
  });
  await finish(context, operation.id);
  const clusterId = await enrol(context, network.id);
  const production = await database.cluster.findFirstOrThrow({
    where: { networkId: network.id, organizationId, name: 'production' },
  });
  await mintJoinToken(context, { clusterId: production.id, uses: 5, expiresInSeconds: 86_400 });
  await hold(context, network.id);

  const { network: resting, operation: made } = await createNetwork(context, {
    name: 'depot',
    topology: 'hybrid',
    zone: 'depot.example.com',
    allowedPorts: [{ protocol: 'tcp', port: 5432 }],
    peering: 'same-provider',
    driftPolicy: 'ask',
    clusters: [
      cluster('warehouse', accounts.aws, 'eu-central-1'),
      {
        ...cluster('annex', accounts.aws, 'eu-west-1'),
        nodeIdentity: 'arn:aws:iam::000000000000:instance-profile/depot-annex-node-profile',
      },
      cluster('analytics', accounts.azure, 'westeurope'),
      { name: 'office', cloudAccountId: null, region: 'Utrecht', nodes: 0 },
    ],
  });
  await finish(context, made.id);
  await enrol(context, resting.id);
  await hold(context, resting.id);
  await seedDrift(context, resting.id, made.id);
  await seedOrphans(context, accounts.aws);

  const growth = await addCluster(context, {
    networkId: network.id,
    ...cluster('staging', accounts.gcp, 'europe-west1'),
  });
  await middle(context, growth.id);
  return {
    organizationId,
    accounts,
    networkId: network.id,
    clusterId,
    restingId: resting.id,
    provisionId: operation.id,
    growthId: growth.id,
  };
}
