/**
 * The main job as one check: provisions the demo practice in the lab, then looks for itself at packets, names,
 * firewalls and what is left. This file collects what was seen.
 */
import { setTimeout as delay } from 'node:timers/promises';

export interface Check {
  name: string;
  ok: boolean;
  seen: string;
}

export interface Report {
  checks: Check[];
  /** Seconds of each phase. */
  seconds: Record<string, number>;
  figures: Record<string, number>;
}

export interface Recorder {
  report: Report;
  /** Records one check; a table is printed at the end. */
  check(name: string, ok: boolean, seen: string): void;
  /** Runs a phase and records how long it took. A throw inside becomes a failed check, so that later phases still run. */
  phase<T>(name: string, work: () => Promise<T>): Promise<T | undefined>;
}

export function openRecorder(say: (line: string) => void): Recorder {
  const report: Report = { checks: [], seconds: {}, figures: {} };
  return {
    report,
    check(name, ok, seen) {
      report.checks.push({ name, ok, seen });
      say(`${ok ? '✓' : '✗'} ${name}: ${seen}`);
    },
    async phase(name, work) {
      const started = performance.now();
      say(`— ${name}`);
      try {
        return await Promise.race([work(), limit(name)]);
      } catch (error) {
        this.check(name, false, error instanceof Error ? error.message : String(error));
        return undefined;
      } finally {
        report.seconds[name] = Math.round((performance.now() - started) / 100) / 10;
      }
    },
  };
}

const PHASE_SECONDS = 200;

async function limit(name: string): Promise<never> {
  await delay(PHASE_SECONDS * 1000, undefined, { ref: false });
  throw new Error(`“${name}” did not end within ${PHASE_SECONDS} s`);
}

/** Runs `work` on each item, at most `width` at a time, answers in the items' order. */
export async function eachOf<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++)
      results[index] = await work(items[index] as T);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return results;
}
