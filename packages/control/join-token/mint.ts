import { newId } from '@skein/contract/primitive.ts';
import type { MintedJoinToken, NewJoinToken } from '@skein/contract/rest/peer.ts';
import type { Transaction } from '@skein/database/client.ts';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { kubernetesOf } from '../kubernetes/of.ts';
import { hashOfToken, makeToken, prefixOfToken } from '../secret/token.ts';

import { joinTokenView } from './view.ts';

/** Makes a token with which any node may join the cluster. It is told here and never again. */
export async function mintJoinToken(
  context: Context,
  input: { clusterId: string } & z.infer<typeof NewJoinToken>,
): Promise<MintedJoinToken> {
  const { organizationId } = context.actor;
  return context.database.$transaction(async (tx) => {
    const cluster = await tx.cluster.findFirst({
      where: { id: input.clusterId, organizationId, deletedAt: null, state: { not: 'deleting' } },
      select: { name: true, kubernetes: true, podCidr: true, serviceCidr: true },
    });
    if (!cluster) throw new Refusal('not-found', 'There is no such cluster.');
    const { token, row } = await createJoinToken(tx, context, {
      organizationId,
      clusterId: input.clusterId,
      peerId: null,
      uses: input.uses,
      expiresInSeconds: input.expiresInSeconds,
    });
    await tx.auditEvent.create({
      data: {
        organizationId,
        actor: `${context.actor.kind} ${context.actor.id}`,
        action: 'join-token.mint',
        target: row.id,
        details: { clusterId: input.clusterId, uses: input.uses, expiresAt: row.expiresAt.toISOString() },
        at: context.now(),
      },
    });
    const commandFor = kubernetesOf(cluster)?.distribution === 'existing' ? applyCommand : joinCommand;
    return { ...joinTokenView(row), token, command: commandFor(context.coordinatorUrl, token) };
  });
}

/**
 * Writes a new token's row and answers the token itself. With `peerId` it is for that expected peer alone: the way a
 * node made by Skein joins. The caller writes the audit event of what it does this for.
 */
export async function createJoinToken(
  tx: Transaction,
  context: Pick<Context, 'now' | 'random'>,
  input: {
    organizationId: string;
    clusterId: string;
    peerId: string | null;
    uses: number;
    expiresInSeconds: number;
  },
) {
  const token = makeToken('skj', context.random);
  const { expiresInSeconds, ...bound } = input;
  const now = context.now();
  const row = await tx.joinToken.create({
    data: {
      ...bound,
      id: newId('joinToken', context.random),
      tokenHash: hashOfToken(token),
      prefix: prefixOfToken(token),
      usesLeft: input.uses,
      expiresAt: new Date(now.getTime() + expiresInSeconds * 1000),
      createdAt: now,
    },
  });
  return { token, row };
}

/** The one-liner that makes a node join. */
export function joinCommand(coordinatorUrl: string, token: string): string {
  return `curl -fsSL ${coordinatorUrl.replace(/\/$/, '')}/install.sh | sh -s -- --token ${token}`;
}

/** The same for every node of a Kubernetes cluster. */
function applyCommand(coordinatorUrl: string, token: string): string {
  return `kubectl apply -f ${coordinatorUrl.replace(/\/$/, '')}${joinManifestPath(token)}`;
}

/** Where the coordinator serves what joins a Kubernetes cluster. */
export function joinManifestPath(token: string): string {
  return `/join/${token}/agent.yaml`;
}
