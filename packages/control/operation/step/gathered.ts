import { providerError } from '../engine/provider-error.ts';
import { LeaseLost, StepFailure, type StepRun } from '../engine/step-run.ts';

/** `what` names the resource for people. */
export interface Failed {
  what: string;
  error: unknown;
}

/**
 * One failure that names each resource with its own words; tried again by itself where at least one is worth it.
 * @param verdict comes before each name: “Not deleted”.
 */
export function gathered(run: StepRun, verdict: string, failures: readonly Failed[]): unknown {
  run.signal.throwIfAborted();
  const lost = failures.find((one) => one.error instanceof LeaseLost);
  if (lost) return lost.error;
  const details = failures.map(({ what, error }) => {
    const detail = error instanceof StepFailure ? error.detail : providerError(error);
    return detail && { ...detail, message: `${verdict}: ${what}. ${detail.message}` };
  });
  const known = details.filter((one) => one !== undefined);
  const [first] = known;
  // What is ours to mend is told as such, not hidden among what clouds said.
  if (!first || known.length < details.length) return failures[details.indexOf(undefined)]?.error;
  return new StepFailure({
    code: first.code,
    message: known.map((one) => one.message.replace(/\.?$/, '.')).join(' '),
    remedy: known.find((one) => one.remedy)?.remedy ?? null,
    retryable: known.some((one) => one.retryable),
  });
}
