import { generateKeyPairSync } from 'node:crypto';
import { newId } from '@skein/contract/primitive.ts';
import type { Network, NewNetwork } from '@skein/contract/rest/network.ts';
import type { Transaction } from '@skein/database/client.ts';
import { publicKeyOf } from '@skein/mesh/map/sign.ts';
import { recordAudit } from '../audit/record.ts';
import { writeCluster } from '../cluster/write.ts';
import type { Context } from '../context.ts';
import { publishRevision } from '../map/publish.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import type { Operation } from '../operation/view.ts';
import { newNetwork } from './plan/after/new-network.ts';
import type { Draft } from './plan/draft.ts';
import { lookAtExisting } from './plan/existing.ts';
import { holdTo } from './plan/hold.ts';
import { knownTo, lockRanges } from './plan/known.ts';
import { draftFor, nothingYet } from './plan.ts';
import { loadNetwork } from './view.ts';

/**
 * Makes a network as `planNetwork` planned it: rows, expected peers with their addresses and the operation that
 * provisions them, in one transaction. With `planHash` it refuses to make any other plan than that one.
 */
export async function createNetwork(
  context: Context,
  input: NewNetwork & { planHash?: string | undefined },
): Promise<{ network: Network; operation: Operation }> {
  const { organizationId } = context.actor;
  const { planHash, ...request } = input;
  const existing = await lookAtExisting(context, request.clusters, (index) => `clusters.${index}.`);
  const made = await context.database.$transaction(async (tx) => {
    await lockRanges(tx, organizationId);
    const known = await knownTo(tx, organizationId, existing);
    const draft = await draftFor(tx, organizationId, request, known);
    const change = newNetwork(draft);
    holdTo(planHash, nothingYet(change.after, known), change);

    const networkId = await writeNetwork(tx, context, draft);
    const clusterIds = new Map<string, string>();
    for (const cluster of draft.clusters)
      clusterIds.set(cluster.name, await writeCluster(tx, context, networkId, cluster));
    if (draft.hubCluster !== null)
      await tx.network.update({
        where: { id: networkId },
        data: { hubClusterId: clusterIds.get(draft.hubCluster) ?? null },
      });
    const { kind, title, steps } = change;
    const operation = await createOperation(tx, context, { networkId, kind, title, steps, clusterIds });
    await recordAudit(tx, context, 'network.create', networkId, {
      name: draft.name,
      operationId: operation.id,
    });
    await publishRevision(tx, organizationId, networkId, [{ network: true }], `${draft.name} was created`);
    return { network: await loadNetwork(tx, organizationId, networkId), operation };
  });
  await wakeFor(context, made.operation);
  return made;
}

async function writeNetwork(tx: Transaction, context: Context, draft: Draft): Promise<string> {
  const { organizationId } = context.actor;
  const id = newId('network', context.random);
  const { privateKey } = generateKeyPairSync('ed25519');
  const place = { organizationId, purpose: 'network-map-key', rowId: id } as const;
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  const { name, zone, cidr, topology, policy, peering, driftPolicy, dns } = draft;
  await tx.network.create({
    data: {
      id,
      organizationId,
      name,
      zone,
      cidr,
      topology,
      policy,
      peering,
      driftPolicy,
      mapPublicKey: publicKeyOf(privateKey),
      mapPrivateKeySealed: context.sealer.seal(place, der),
      dnsCloudAccountId: dns?.cloudAccountId ?? null,
      createdAt: context.now(),
    },
  });
  return id;
}
