import type { PolicyView } from '@skein/contract/rest/policy.ts';
import type { Context } from '../context.ts';
import { loadPolicySubject } from './load.ts';

/** A network's policy, and the number to be said by whoever changes it. */
export async function getPolicy(context: Context, input: { id: string }): Promise<PolicyView> {
  const { database, actor } = context;
  const { snapshot, number } = await loadPolicySubject(database, actor.organizationId, input.id);
  return { number, policy: snapshot.network.policy };
}
