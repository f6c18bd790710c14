import { generateKeyPairSync } from 'node:crypto';
import { newId } from '@skein/contract/primitive.ts';
import type { Network, NewNetwork } from '@skein/contract/rest/network.ts';
import type { Transaction } from '@skein/database/client.ts';
import { publicKeyOf } from '@skein/mesh/map/sign.ts';
import { recordAudit } from '../audit/record.ts';
import { writeCluster } from '../cluster/write.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import type { Operation } from '../operation/view.ts';
import { type Draft, planView } from './plan/draft.ts';
import { draftFor, lockRanges } from './plan.ts';
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
  const made = await context.database.$transaction(async (tx) => {
    await lockRanges(tx, organizationId);
    const draft = await draftFor(tx, organizationId, request);
    if (planHash !== undefined && planView(draft).hash !== planHash)
      throw new Refusal(
        'conflict',
        'What would be made has changed since you saw the plan. Look at the new plan first.',
      );

    const networkId = await writeNetwork(tx, context, draft);
    const clusterIds = new Map<string, string>();
    for (const cluster of draft.clusters)
      clusterIds.set(cluster.name, await writeCluster(tx, context, networkId, cluster));
    const operation = await createOperation(tx, context, {
      networkId,
      kind: 'provision',
      title: `Provision ${draft.name}`,
      steps: draft.steps,
      clusterIds,
    });
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
  await tx.network.create({
    data: {
      id,
      organizationId,
      name: draft.name,
      zone: draft.zone,
      cidr: draft.cidr,
      allowedPorts: draft.allowedPorts,
      peering: draft.peering,
      driftPolicy: draft.driftPolicy,
      mapPublicKey: publicKeyOf(privateKey),
      mapPrivateKeySealed: context.sealer.seal(place, der),
      dnsCloudAccountId: draft.dns?.cloudAccountId ?? null,
      createdAt: context.now(),
    },
  });
  return id;
}
