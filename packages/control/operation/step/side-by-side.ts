import { eachOf } from '@skein/dns/each-of.ts';
import type { StepRun } from '../engine/step-run.ts';
import { type Failed, gathered } from './gathered.ts';

/** Zones asked about at the same time: enough for many clusters, few enough for one account's limits. */
const AT_ONCE = 8;

/**
 * Works on zones side by side. Each is tried, whatever becomes of the others.
 * @throws one failure that names each zone with its own words.
 */
export async function eachZone(
  run: StepRun,
  zones: readonly { what: string; work: () => Promise<void> }[],
): Promise<void> {
  const failures: Failed[] = [];
  await eachOf(zones, AT_ONCE, async ({ what, work }) => {
    try {
      await work();
    } catch (error) {
      failures.push({ what, error });
    }
  });
  if (failures.length > 0) throw gathered(run, 'Not done', failures);
}
