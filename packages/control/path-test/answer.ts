/** The coordinator's side of path tests: a question found for a connected agent, and its answer kept. */
import { PathAnswer, PathQuestion } from '@skein/contract/agent/path.ts';
import type { Database } from '@skein/database/client.ts';

/** The question of this id, if it is for this peer and nobody has answered yet. */
export async function pathQuestionFor(
  database: Database,
  id: string,
  peerId: string,
): Promise<PathQuestion | undefined> {
  const row = await database.pathQuestion.findFirst({ where: { id, peerId } });
  return row && row.answer === null ? PathQuestion.safeParse(row.question).data : undefined;
}

/** Keeps the answer of the peer that was asked. One that comes too late finds no question, and is dropped. */
export async function answerPathQuestion(
  database: Database,
  id: string,
  peerId: string,
  answer: PathAnswer,
): Promise<void> {
  await database.pathQuestion.updateMany({
    where: { id, peerId },
    data: { answer: PathAnswer.parse(answer) },
  });
}
