import { setTimeout as sleep } from 'node:timers/promises';
import { PATH_TEST_SECONDS } from '@skein/contract/agent/channel.ts';
import { PathAnswer, type PathQuestion } from '@skein/contract/agent/path.ts';
import { newId } from '@skein/contract/primitive.ts';
import type { NewPathTest, PathTest } from '@skein/contract/rest/path-test.ts';
import { CHANNEL, notify } from '@skein/database/notify.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { isConnected } from '../network/view.ts';
import { judgePath, middleOf, type TestedPeer } from './judge.ts';

/** The whole test takes no longer. */
const LONGEST_SECONDS = 10;
const LOOK_EVERY_MILLISECONDS = 100;
/** Questions whose asker has gone are nobody's. */
const FORGOTTEN_SECONDS = 60;

/**
 * Tries the way between two peers of a network: both ends are asked at once, and then those between them. Agents that are
 * not connected, or do not answer in time, are left out and told of.
 */
export async function testPath(
  context: Context,
  input: NewPathTest & { networkId: string },
): Promise<PathTest> {
  const { organizationId } = context.actor;
  const startedAt = performance.now();
  const left = () => LONGEST_SECONDS * 1000 - (performance.now() - startedAt);
  const rows = await context.database.peer.findMany({
    where: { networkId: input.networkId, organizationId, removedAt: null },
    include: { cluster: { select: { name: true } } },
  });
  const peers = rows.map(
    (row): TestedPeer => ({
      id: row.id,
      // Every cluster may have a gateway of the same name.
      name: `${row.name}.${row.cluster.name}`,
      overlayAddress: row.overlayAddress,
      connected: isConnected(row),
    }),
  );
  const from = peers.find((one) => one.id === input.fromPeerId);
  const to = peers.find((one) => one.id === input.toPeerId);
  if (!from || !to) throw new Refusal('not-found', 'There are no such peers in this network.');
  if (from.id === to.id) throw new Refusal('invalid-request', 'Name two different peers.');

  const answers = new Map<string, PathAnswer>();
  const ask = async (some: readonly Asked[], milliseconds: number) => {
    for (const [peerId, answer] of await askAgents(context, some, milliseconds)) answers.set(peerId, answer);
  };
  const towards = { address: to.overlayAddress, port: null, trace: false };
  await ask(
    [
      { peer: from, ask: { ...towards, port: input.port ?? null, trace: true } },
      { peer: to, ask: { ...towards, address: from.overlayAddress } },
    ],
    PATH_TEST_SECONDS * 1000,
  );
  const middle = middleOf(answers.get(from.id), to, peers);
  await ask(
    middle.map((peer) => ({ peer, ask: towards })),
    left(),
  );
  const judged = judgePath(from, to, peers, answers, input.port);
  return { ...judged, milliseconds: Math.round(performance.now() - startedAt) };
}

interface Asked {
  peer: TestedPeer;
  ask: Omit<PathQuestion, 'id'>;
}

/** Leaves a question for each connected agent and takes the answers, by peer id, that come in time. */
async function askAgents(
  context: Context,
  asked: readonly Asked[],
  milliseconds: number,
): Promise<Map<string, PathAnswer>> {
  const { database } = context;
  const { organizationId } = context.actor;
  const waiting = new Map<string, string>();
  const answers = new Map<string, PathAnswer>();
  const questions = asked
    .filter(({ peer }) => peer.connected)
    .map(({ peer, ask }) => ({
      peerId: peer.id,
      question: { id: newId('pathQuestion', context.random), ...ask },
    }));
  if (questions.length === 0) return answers;
  await database.$transaction(async (tx) => {
    const forgotten = new Date(context.now().getTime() - FORGOTTEN_SECONDS * 1000);
    await tx.pathQuestion.deleteMany({ where: { organizationId, createdAt: { lt: forgotten } } });
    for (const { peerId, question } of questions) {
      await tx.pathQuestion.create({
        data: { id: question.id, organizationId, peerId, question, createdAt: context.now() },
      });
      await notify(tx, CHANNEL.pathQuestion, JSON.stringify({ id: question.id, peerId }));
      waiting.set(question.id, peerId);
    }
  });
  const ids = [...waiting.keys()];
  const deadline = performance.now() + milliseconds;
  while (waiting.size > 0 && performance.now() < deadline) {
    await sleep(LOOK_EVERY_MILLISECONDS);
    const rows = await database.pathQuestion.findMany({
      where: { id: { in: [...waiting.keys()] }, organizationId },
    });
    for (const row of rows) {
      const answer = row.answer === null ? undefined : PathAnswer.safeParse(row.answer).data;
      if (!answer) continue;
      answers.set(row.peerId, answer);
      waiting.delete(row.id);
    }
  }
  await database.pathQuestion.deleteMany({ where: { id: { in: ids }, organizationId } });
  return answers;
}
