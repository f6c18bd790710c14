import type { Policy, PolicyTrial } from '@skein/contract/rest/policy.ts';
import { changedFlows } from '@skein/mesh/policy/flows.ts';
import { tryPolicy } from '@skein/mesh/policy/try.ts';
import { policyWarnings } from '@skein/mesh/policy/warnings.ts';
import type { Context } from '../context.ts';
import { loadPolicySubject, under } from './load.ts';

/** What saving a policy would come to: its tests, the flows it opens and cuts, and what is odd. Changes nothing. */
export async function tryOut(context: Context, input: { id: string; policy: Policy }): Promise<PolicyTrial> {
  const { database, actor } = context;
  const { snapshot } = await loadPolicySubject(database, actor.organizationId, input.id);
  const other = under(snapshot, input.policy);
  return {
    tests: tryPolicy(other, input.policy),
    ...changedFlows(snapshot, snapshot.network.policy, input.policy),
    warnings: policyWarnings(snapshot, input.policy),
  };
}
