import type { OperationState, StepState } from '@skein/contract/rest/operation.ts';

export interface JudgedStep {
  key: string;
  state: StepState;
  dependsOn: readonly string[];
  evenAfterFailure: boolean;
}

/**
 * What has become of an operation. It is `open` while a step runs or can still come to run; a waiting step cannot
 * when one that it depends on failed, was cancelled, or cannot itself.
 */
export function verdictOf(
  operation: OperationState,
  steps: readonly JudgedStep[],
): 'open' | 'succeeded' | 'failed' | 'cancelled' {
  if (steps.some((step) => step.state === 'running')) return 'open';
  if (operation === 'cancelling') return 'cancelled';
  if (steps.every((step) => step.state === 'succeeded')) return 'succeeded';
  const byKey = new Map(steps.map((step) => [step.key, step]));
  const known = new Map<string, boolean>();
  const canRun = (step: JudgedStep): boolean => {
    if (step.state !== 'waiting') return false;
    const before = known.get(step.key);
    if (before !== undefined) return before;
    known.set(step.key, false);
    const answer = step.dependsOn.every((key) => {
      const other = byKey.get(key);
      if (!other || other.state === 'succeeded') return true;
      return other.state === 'waiting' ? canRun(other) : step.evenAfterFailure;
    });
    known.set(step.key, answer);
    return answer;
  };
  return steps.some(canRun) ? 'open' : 'failed';
}
