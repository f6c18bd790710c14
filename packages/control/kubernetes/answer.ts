/** The coordinator's side: a question found for a connected agent, and its answer kept for whoever asked. */
import { KubernetesQuestion, type KubernetesReply } from '@skein/contract/agent/kubernetes.ts';
import type { Database } from '@skein/database/client.ts';
import type { Prisma } from '@skein/database/generated/client.ts';
import type { Sealer } from '../secret/sealer.ts';

/** The question of this id, if it is for this peer and nobody has answered yet. */
export async function kubernetesQuestionFor(
  database: Database,
  sealer: Sealer,
  id: string,
  peerId: string,
): Promise<KubernetesQuestion | undefined> {
  const row = await database.kubernetesQuestion.findFirst({ where: { id, peerId } });
  if (!row || row.reply !== null) return undefined;
  const { organizationId } = row;
  const place = { organizationId, purpose: 'kubernetes-question', rowId: id } as const;
  const text = sealer.open(place, row.questionSealed).toString('utf8');
  return KubernetesQuestion.parse(JSON.parse(text));
}

/** Keeps what the peer that was asked said. What comes too late finds no question, and is dropped. */
export async function answerKubernetesQuestion(
  database: Database,
  id: string,
  peerId: string,
  reply: KubernetesReply,
): Promise<void> {
  await database.kubernetesQuestion.updateMany({
    where: { id, peerId },
    data: { reply: reply as Prisma.InputJsonValue },
  });
}
