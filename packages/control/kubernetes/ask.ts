import { setTimeout as sleep } from 'node:timers/promises';
import {
  KUBERNETES_ANSWER_SECONDS,
  type KubernetesQuestion,
  KubernetesReply,
} from '@skein/contract/agent/kubernetes.ts';
import { newId } from '@skein/contract/primitive.ts';
import { CHANNEL, notify } from '@skein/database/notify.ts';
import type { Context } from '../context.ts';

const LOOK_EVERY_MILLISECONDS = 50;
/** Beyond the agent's own limit: the way there and back. */
const WAY_SECONDS = 5;
/** Questions whose asker has gone are nobody's. */
const FORGOTTEN_SECONDS = 120;

/**
 * Asks an agent something of its node's Kubernetes cluster, and waits for what it says. The question is sealed for as long
 * as it stands in the database, and goes with its answer. Null where the agent says nothing in time.
 */
export async function askKubernetes(
  context: Pick<Context, 'database' | 'sealer' | 'now' | 'random'>,
  at: { organizationId: string; peerId: string },
  question: KubernetesQuestion,
  signal: AbortSignal,
): Promise<KubernetesReply | null> {
  const { database, sealer } = context;
  const { organizationId, peerId } = at;
  const id = newId('kubernetesQuestion', context.random);
  const place = { organizationId, purpose: 'kubernetes-question', rowId: id } as const;
  const questionSealed = sealer.seal(place, Buffer.from(JSON.stringify(question)));
  await database.$transaction(async (tx) => {
    const forgotten = new Date(context.now().getTime() - FORGOTTEN_SECONDS * 1000);
    await tx.kubernetesQuestion.deleteMany({ where: { organizationId, createdAt: { lt: forgotten } } });
    await tx.kubernetesQuestion.create({
      data: { id, organizationId, peerId, questionSealed, createdAt: context.now() },
    });
    await notify(tx, CHANNEL.kubernetesQuestion, JSON.stringify({ id, peerId }));
  });
  try {
    const deadline = performance.now() + (KUBERNETES_ANSWER_SECONDS + WAY_SECONDS) * 1000;
    while (performance.now() < deadline) {
      await sleep(LOOK_EVERY_MILLISECONDS, undefined, { signal });
      const row = await database.kubernetesQuestion.findFirst({
        where: { id, organizationId },
        select: { reply: true },
      });
      if (!row) return null;
      if (row.reply !== null) return KubernetesReply.parse(row.reply);
    }
    return null;
  } finally {
    await database.kubernetesQuestion.deleteMany({ where: { id, organizationId } });
  }
}
