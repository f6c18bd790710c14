/** Rows of a network in the middle of its life, made by the product's own verbs where there are some. */
import { randomBytes } from 'node:crypto';
import type { LinkReport } from '@skein/contract/agent/channel.ts';
import { createAccount } from '@skein/control/account/create.ts';
import { mintApiToken } from '@skein/control/api-token/mint.ts';
import { addCluster } from '@skein/control/cluster/add.ts';
import type { Context } from '@skein/control/context.ts';
import { mintJoinToken } from '@skein/control/join-token/mint.ts';
import { publishRevision } from '@skein/control/map/publish.ts';
import { createNetwork } from '@skein/control/network/create.ts';

export interface Seeded {
  organizationId: string;
  /** Three clusters, six peers, five of them connected; one link down. */
  networkId: string;
  clusterId: string;
  /** Ended well. */
  provisionId: string;
  /** In the middle: steps done, running, tried again, failed and waiting. */
  growthId: string;
}

const at = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1000);

export async function seed(context: Context): Promise<Seeded> {
  const { database } = context;
  const { organizationId } = context.actor;
  const aws = await createAccount(context, {
    provider: 'aws',
    name: 'AWS, production',
    credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'not-a-secret' },
  });
  const gcp = await createAccount(context, {
    provider: 'gcp',
    name: 'Google Cloud, development',
    credentials: { project_id: 'shop-dev', client_email: 'skein@shop-dev.example', private_key: 'not-a-key' },
  });
  await database.cloudAccount.update({
    where: { id: aws.id, organizationId },
    data: { identity: 'arn:aws:iam::000000000000:user/skein', verifiedAt: at(900) },
  });
  await database.cloudAccount.update({
    where: { id: gcp.id, organizationId },
    data: { problem: 'Google Cloud says that this key was disabled. Make a new one.' },
  });
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
      cluster('production', aws.id, 'us-east-1'),
      cluster('recovery', aws.id, 'us-west-2'),
      cluster('development', gcp.id, 'us-central1'),
    ],
  });
  await finish(context, operation.id);
  const clusterId = await enrol(context, network.id);
  const production = await context.database.cluster.findFirstOrThrow({
    where: { networkId: network.id, organizationId, name: 'production' },
  });
  await mintJoinToken(context, { clusterId: production.id, uses: 5, expiresInSeconds: 86_400 });
  await present(context, network.id);

  const growth = await addCluster(context, {
    networkId: network.id,
    ...cluster('staging', gcp.id, 'europe-west1'),
  });
  await middle(context, growth.id);
  return { organizationId, networkId: network.id, clusterId, provisionId: operation.id, growthId: growth.id };
}

/** The operation as it looks when all went well. */
async function finish({ database, actor: { organizationId } }: Context, operationId: string) {
  const steps = await database.step.findMany({
    where: { operationId, organizationId },
    orderBy: { position: 'asc' },
  });
  for (const [index, step] of steps.entries()) {
    await database.step.update({
      where: { id: step.id },
      data: {
        state: 'succeeded',
        attempt: 1,
        startedAt: at(600 - index * 2),
        finishedAt: at(598.2 - index * 2 - (index % 4)),
      },
    });
    await say(database, step, 'info', `Done: ${step.title}`);
  }
  await database.operation.update({
    where: { id: operationId },
    data: { state: 'succeeded', startedAt: at(600), finishedAt: at(520) },
  });
}

/** Every peer but the last has enrolled, is connected and reports links to those it holds tunnels to. */
async function enrol({ database, actor: { organizationId } }: Context, networkId: string): Promise<string> {
  const peers = await database.peer.findMany({
    where: { networkId, organizationId },
    orderBy: [{ clusterId: 'asc' }, { name: 'asc' }],
  });
  const last = peers.at(-1);
  for (const [index, peer] of peers.entries()) {
    if (peer === last) continue;
    const links = peers
      .filter((other) => other !== peer && other !== last)
      .filter(
        (other) =>
          other.clusterId === peer.clusterId || (peer.role === 'gateway' && other.role === 'gateway'),
      )
      .map((other): LinkReport => {
        const between = other.clusterId !== peer.clusterId;
        const broken = between && [index, peers.indexOf(other)].includes(peers.length - 2) && index % 2 === 0;
        return {
          peerId: other.id,
          state: broken ? 'down' : 'up',
          endpoint: between ? `203.0.113.${10 + peers.indexOf(other)}:51820` : `10.64.0.${10 + index}:51820`,
          lastHandshakeAt: broken ? null : at(40).toISOString(),
          rttMilliseconds: broken ? null : between ? 18.4 + index * 11.3 : 0.38 + index * 0.07,
          receivedBytes: 184_000 * (index + 1),
          sentBytes: 96_500 * (index + 2),
        };
      });
    await database.peer.update({
      where: { id: peer.id },
      data: {
        identityKey: randomBytes(32).toString('base64'),
        wireguardKey: randomBytes(32).toString('base64'),
        privateAddress: `10.64.${16 * Math.floor(index / 2)}.${10 + index}`,
        publicAddress: peer.role === 'gateway' ? `203.0.113.${10 + index}` : null,
        endpoints: [],
        facts: {
          hostname: peer.name,
          os: 'Debian GNU/Linux 12',
          kernel: '6.1.0',
          architecture: 'x64',
          agentVersion: '0.1.0',
          wireguard: index % 2 === 0 ? 'kernel' : 'userspace',
          privateAddress: null,
        },
        appliedNumber: 1,
        links: JSON.parse(JSON.stringify(links)),
        linksReportedAt: at(5),
        enrolledAt: at(540),
        connectedAt: at(530),
        lastSeenAt: at(4),
      },
    });
  }
  await database.cluster.updateMany({ where: { networkId, organizationId }, data: { state: 'ready' } });
  await database.network.update({ where: { id: networkId }, data: { state: 'ready' } });
  await database.$transaction(async (tx) => {
    await publishRevision(
      tx,
      organizationId,
      networkId,
      peers.map((peer) => ({ peer: peer.id })),
      'enrolled',
    );
  });
  return peers[0]?.clusterId ?? '';
}

async function present({ database, random, actor: { organizationId } }: Context, networkId: string) {
  const clusters = await database.cluster.findMany({
    where: { networkId, organizationId },
    include: { cloudAccount: true },
  });
  const kinds = [
    ['network', 'network', 'Network with one subnet', 'vpc'],
    ['firewall', 'firewall/gateway', 'UDP 51820 from the gateways of 2 other clusters', 'sg'],
    ['address', 'address/gw-1', 'Public address of the gateway', 'eipalloc'],
    ['instance', 'instance/gw-1', 'Gateway', 'i'],
    ['instance', 'instance/node-1', 'Member', 'i'],
  ] as const;
  for (const cluster of clusters)
    for (const [kind, key, summary, prefix] of kinds) {
      const id = new Uint8Array(8);
      random(id);
      const hex = Buffer.from(id).toString('hex');
      await database.cloudResource.create({
        data: {
          id: `res_${hex}${hex.slice(0, 4)}`,
          organizationId,
          networkId,
          clusterId: cluster.id,
          cloudAccountId: cluster.cloudAccountId ?? '',
          key,
          kind,
          provider: cluster.cloudAccount?.provider ?? 'aws',
          region: cluster.region,
          externalId: `${prefix}-${hex}`,
          spec: {},
          status: 'present',
          summary,
        },
      });
    }
}

/** Steps in every state that a person may meet. */
async function middle({ database, actor: { organizationId } }: Context, operationId: string) {
  const steps = await database.step.findMany({
    where: { operationId, organizationId },
    orderBy: { position: 'asc' },
  });
  for (const [index, step] of steps.entries()) {
    if (index < 2) {
      await database.step.update({
        where: { id: step.id },
        data: { state: 'succeeded', attempt: 1, startedAt: at(60 - index), finishedAt: at(58 - index) },
      });
      await say(database, step, 'info', 'The cloud has it.');
    } else if (index === 2) {
      await database.step.update({
        where: { id: step.id },
        data: {
          state: 'running',
          attempt: 2,
          startedAt: at(31),
          waitingFor: 'the cloud to finish, 12 s of at most 120 s',
          leaseUntil: at(-600),
        },
      });
      await say(database, step, 'info', 'Asked the cloud.');
      await say(database, step, 'warning', 'The cloud asked us to slow down; trying again in 4 s.');
      await say(database, step, 'info', 'Asked the cloud again.');
    } else if (index === 3) {
      await database.step.update({
        where: { id: step.id },
        data: {
          state: 'failed',
          attempt: 5,
          startedAt: at(50),
          finishedAt: at(20),
          error: {
            code: 'quota',
            message: 'Google Cloud has no room for another address in europe-west1: the quota is 8.',
            remedy: 'Give an address back or ask for a larger quota, then retry this step.',
            retryable: false,
          },
        },
      });
      await say(database, step, 'error', 'QUOTA_EXCEEDED: limit 8.0 for IN_USE_ADDRESSES');
    }
  }
  await database.operation.update({
    where: { id: operationId },
    data: { state: 'running', startedAt: at(62) },
  });
}

async function say(
  database: Context['database'],
  step: { id: string; organizationId: string; operationId: string; attempt: number },
  level: 'info' | 'warning' | 'error',
  message: string,
) {
  const { organizationId, operationId } = step;
  await database.stepLog.create({
    data: {
      organizationId,
      operationId,
      stepId: step.id,
      attempt: Math.max(1, step.attempt),
      level,
      message,
    },
  });
}
