import type { PolicyAnswer, PolicyQuestion } from '@skein/contract/rest/policy.ts';
import { whoReaches } from '@skein/mesh/policy/who.ts';
import type { Context } from '../context.ts';
import { loadPolicySubject } from './load.ts';

/** Who may begin something with whom, by the network's policy or by another. Changes nothing. */
export async function askPolicy(
  context: Context,
  input: { id: string } & PolicyQuestion,
): Promise<PolicyAnswer> {
  const { database, actor } = context;
  const { snapshot } = await loadPolicySubject(database, actor.organizationId, input.id);
  const { policy = snapshot.network.policy, from, to, protocol, port = null } = input;
  return whoReaches(snapshot, policy, { from, to, protocol, port });
}
