import { isDeepStrictEqual } from 'node:util';
import type { Policy, SavedPolicy } from '@skein/contract/rest/policy.ts';
import { tryPolicy } from '@skein/mesh/policy/try.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { loadPolicySubject, under } from './load.ts';

/**
 * Gives a network another policy, at once and whatever else is under way: what it closes is closed when agents have
 * their maps. Refuses where a test of the policy fails, and where the policy has changed since `seen`.
 */
export async function savePolicy(
  context: Context,
  input: { id: string; policy: Policy; seen: number },
): Promise<SavedPolicy> {
  const { organizationId } = context.actor;
  const { id, policy, seen } = input;
  return context.database.$transaction(async (tx) => {
    await tx.$queryRaw`
      SELECT id FROM network WHERE id = ${id} AND "organizationId" = ${organizationId} FOR NO KEY UPDATE`;
    const { snapshot, number } = await loadPolicySubject(tx, organizationId, id);
    if (seen !== number)
      throw new Refusal(
        'conflict',
        'Somebody else has changed the policy since you read it. Read it again and make your change to that.',
      );
    const failed = tryPolicy(under(snapshot, policy), policy).filter((test) => !test.passed);
    if (failed.length > 0)
      throw new Refusal(
        'tests-failed',
        `${failed.length} of ${policy.tests.length} tests of the policy fail, so it was not saved.`,
        failed.map(({ index, message }) => ({ path: `tests.${index}`, message })),
      );
    if (isDeepStrictEqual(policy, snapshot.network.policy))
      return { number, policy, revision: snapshot.number };
    await tx.network.update({ where: { id, organizationId }, data: { policy, policyNumber: number + 1 } });
    await recordAudit(tx, context, 'policy.save', id, {
      number: number + 1,
      before: snapshot.network.policy,
      policy,
    });
    const revision = await publishRevision(tx, organizationId, id, [{ network: true }], 'the policy changed');
    return { number: number + 1, policy, revision };
  });
}
