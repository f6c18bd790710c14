/** A network of two clusters from its making to its end in one cloud, with what happens between: peering, drift, nodes. */
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import type { ProviderId } from '@skein/contract/primitive.ts';
import { openCloud } from '@skein/control/cloud/open.ts';
import { addNodes } from '@skein/control/cluster/add-nodes.ts';
import { listClusters } from '@skein/control/cluster/list.ts';
import { removeCluster } from '@skein/control/cluster/remove.ts';
import { healFinding } from '@skein/control/drift/heal.ts';
import { listDrift } from '@skein/control/drift/list.ts';
import { lookNow } from '@skein/control/drift/look-now.ts';
import { changeNetwork } from '@skein/control/network/change.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { deleteNetwork } from '@skein/control/network/delete.ts';
import { listResources } from '@skein/control/network/resources.ts';
import { listPeers } from '@skein/control/peer/list.ts';
import { removePeer } from '@skein/control/peer/remove.ts';
import { expect } from 'vitest';
import type { Practice } from '../provision/practice.ts';

export async function wholeLife(
  practice: Practice,
  in_: {
    provider: ProviderId;
    accountId: string;
    regions: readonly [string, string];
    nodeIdentity: string | null;
  },
): Promise<void> {
  const { context } = practice;
  const [near, far] = in_.regions;
  const identity = in_.nodeIdentity === null ? {} : { nodeIdentity: in_.nodeIdentity };
  const name = `life-${in_.provider}`;
  const { network, operation } = await createNetwork(context, {
    name,
    topology: 'hybrid',
    zone: `${name}.skein.test`,
    allowedPorts: [{ protocol: 'tcp', port: 8080 }],
    peering: 'same-provider',
    driftPolicy: 'report',
    clusters: [
      { name: 'near', cloudAccountId: in_.accountId, region: near, nodes: 2, ...identity },
      { name: 'far', cloudAccountId: in_.accountId, region: far, nodes: 1 },
    ],
  });
  await practice.succeeded(operation);
  const { id } = network;

  await practice.succeeded(
    await changeNetwork(context, { id, allowedPorts: [{ protocol: 'udp', port: 5353 }] }),
  );
  const clusters = await listClusters(context, { networkId: id });
  const cluster = clusters.find((one) => one.name === 'near');
  if (!cluster) throw new Error('the cluster is not listed');
  await practice.succeeded(await addNodes(context, { id: cluster.id, count: 1 }));

  await driftAndHeal(practice, id, cluster.id, in_.accountId, near);

  const { items: peers } = await listPeers(context, { networkId: id, limit: 50 });
  const member = peers.find((one) => one.clusterId === cluster.id && one.role === 'member');
  if (!member) throw new Error('there is no member to remove');
  await practice.succeeded(await removePeer(context, { id: member.id }));
  const other = clusters.find((one) => one.name === 'far');
  if (!other) throw new Error('the second cluster is not listed');
  await practice.succeeded(await removeCluster(context, { id: other.id, confirm: 'far' }));
  await practice.succeeded(await deleteNetwork(context, { id, confirm: name }));
}

/** Somebody deletes one node and opens a group by hand; a look finds both, and they are mended. */
async function driftAndHeal(
  practice: Practice,
  networkId: string,
  clusterId: string,
  accountId: string,
  region: string,
): Promise<void> {
  const { context } = practice;
  const look = () => lookNow(context, { id: networkId, signal: AbortSignal.timeout(60_000) });
  expect((await look()).findings).toEqual([]);
  const account = await practice.fresh.database.cloudAccount.findUniqueOrThrow({ where: { id: accountId } });
  const cloud = openCloud(context, account, region);
  const call = {
    signal: AbortSignal.timeout(60_000),
    waitingFor: () => {},
    attempt: 1,
    resume: resumeInMemory(),
  };
  const owner = { organizationId: context.actor.organizationId, networkId, clusterId };
  await cloud.instances.delete({ owner, key: 'instance/node-1' }, call);
  const found = await look();
  expect(found.findings.map((one) => `${one.key} ${one.what}`)).toContain('instance/node-1 missing');
  for (const kind of ['network', 'firewall', 'address', 'instance'] as const) {
    const held = (await listResources(context, { id: networkId })).find(
      (one) => one.clusterId === clusterId && one.kind === kind && one.externalId !== null,
    );
    if (held?.externalId)
      await cloud.lastChange({ kind, externalId: held.externalId }, new Date(Date.now() - 3600_000), call);
  }
  const finding = (await listDrift(context, { id: networkId })).find((one) => one.key === 'instance/node-1');
  if (!finding) throw new Error('the missing node was not found');
  await practice.succeeded(await healFinding(context, { id: finding.id }));
}
