import { setTimeout as sleep } from 'node:timers/promises';
import { StepFailure, type StepRun } from '../../engine/step-run.ts';

/** The step's own limit comes later: ours ends in words about what to look at. */
const BEFORE_LIMIT_SECONDS = 30;
const LOOK_EVERY_MILLISECONDS = 1000;

/** What is missing still, and the failure to end with if it stays missing. Null when nothing is. */
export type Missing = { waitingFor: string; code: string; message: string; remedy: string } | null;

/**
 * Looks again and again until nothing is missing. A server that does not answer for the moment is looked at once more;
 * what it refuses for good ends the step.
 */
export async function until(run: StepRun, look: () => Promise<Missing>): Promise<void> {
  const seconds = run.step.timeoutSeconds - BEFORE_LIMIT_SECONDS;
  const deadline = performance.now() + seconds * 1000;
  let failure: unknown;
  for (;;) {
    try {
      const missing = await look();
      if (missing === null) return;
      run.waitingFor(missing.waitingFor);
      failure = new StepFailure({
        code: missing.code,
        message: `After ${seconds} s: ${missing.message}`,
        remedy: missing.remedy,
        retryable: false,
      });
    } catch (error) {
      if (!(error instanceof StepFailure) || !error.detail.retryable) throw error;
      run.waitingFor(error.detail.message);
      failure = error;
    }
    if (performance.now() > deadline) throw failure;
    await sleep(LOOK_EVERY_MILLISECONDS, undefined, { signal: run.signal });
  }
}
