/**
 * The launch that AWS may have begun, remembered where the step keeps its tokens, from before AWS is asked. A look that
 * is behind shows no instance: then the same token, not another, keeps AWS from starting a second one.
 */
import { type CallContext, CloudError, type Keyed } from '../provider.ts';
import { awsCodeOf } from './errors.ts';

const keyOf = ({ owner, key }: Keyed) => `launch ${owner.clusterId} ${key}`;

/** The attempt whose token the launch carries: that of an earlier one whose outcome nobody saw, else this one. */
export async function attemptOfLaunch(at: Keyed, context: CallContext): Promise<number> {
  const begun = await context.resume.load(keyOf(at));
  if (begun !== undefined) return Number(begun);
  await context.resume.save(keyOf(at), String(context.attempt));
  return context.attempt;
}

/** AWS remembers failures by their token: after one, the next attempt takes a token of its own. */
export const forgetLaunch = (at: Keyed, context: CallContext) => context.resume.save(keyOf(at), null);

/** Whether AWS has said no, so that nothing comes of the launch. */
export function isRefused(error: unknown): boolean {
  if (!(error instanceof CloudError)) return false;
  if (/^Insufficient\w*Capacity$/.test(awsCodeOf(error) ?? '')) return true;
  return error.code !== 'unavailable' && error.code !== 'timeout';
}
