/**
 * Calls with an Idempotency-Key: sending one again answers what the first was answered, and does nothing twice. Only
 * for answers that hold no secret: they are kept.
 */
import { Prisma } from '@skein/database/generated/client.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';

const KEPT_HOURS = 24;
/** A first call that is under way for longer has died with its process. */
const UNDER_WAY_SECONDS = 60;

/**
 * Runs `work` for the first call with this key and keeps what it answers, which must be JSON. Throws `Refusal`
 * `conflict` for the same key with another request, or while the first call is still under way. A call that fails
 * is forgotten, so that it may be sent again.
 * @param call.requestHash SHA-256 of method, path and body, hex
 */
export async function answerOnce<Answer>(
  context: Context,
  call: { key: string; requestHash: string; status: number },
  work: () => Promise<Answer>,
): Promise<Answer> {
  const { database, actor, now } = context;
  const id = { organizationId: actor.organizationId, key: call.key };
  const where = { organizationId_key: id };
  await forgetOld(context, call.key);
  try {
    await database.idempotentCall.create({
      data: { ...id, requestHash: call.requestHash, createdAt: now() },
    });
  } catch (error) {
    if (!(error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002')) throw error;
    const first = await database.idempotentCall.findUnique({ where });
    if (first !== null && first.requestHash !== call.requestHash)
      throw new Refusal('conflict', 'This Idempotency-Key was used for another request. Make a new one.');
    if (first === null || first.status === null)
      throw new Refusal(
        'conflict',
        'The first call with this Idempotency-Key is under way. Send it again later.',
      );
    return first.response as Answer;
  }
  try {
    const answer = await work();
    const response = answer as Prisma.InputJsonValue;
    await database.idempotentCall.update({ where, data: { status: call.status, response } });
    return answer;
  } catch (error) {
    await database.idempotentCall.deleteMany({ where: { ...id, status: null } });
    throw error;
  }
}

async function forgetOld({ database, actor: { organizationId }, now }: Context, key: string) {
  const before = (seconds: number) => ({ lt: new Date(now().getTime() - seconds * 1000) });
  await database.idempotentCall.deleteMany({
    where: {
      organizationId,
      OR: [
        { createdAt: before(KEPT_HOURS * 3600) },
        { key, status: null, createdAt: before(UNDER_WAY_SECONDS) },
      ],
    },
  });
}
