/**
 * Kills the worker just before and just after every side effect of a three-cloud provision and of its teardown, with
 * answers that arrive, with answers that get lost, and with reads that lag; then throttles all clouds. The network that
 * comes of it must be the same each time, nothing made twice, nothing forgotten.
 *
 * A point is one side effect (the n-th different call of its kind) at one moment: held in the lab before it is executed,
 * or after it is and before it is answered. The worker is killed while the call is held, which proves that the kill hit:
 * what is held before is never executed, what is held after is never answered. Clouds and instances are worked on side
 * by side, so one kill hits every call that is held at that moment, and one run kills many times, as often as its steps
 * may be taken again. A point has converged when its run did.
 */
import type { FaultRuleInput } from '@skein/lab/fault/rule.ts';
import { killRun, type RunOutcome } from './clouds/kill-run.ts';
import { openPlace, type Place } from './clouds/place.ts';
import { openWorkers, type Workers } from './clouds/workers.ts';
import type { Bench } from './run.ts';

/** The bars, beside: every point hit, all converged, no duplicate, no orphan, nothing leaked. */
const CALLS_OF_FAULT_FREE = 2;
const THROTTLED = 0.3;
const LOST = 0.1;

/** Runs side by side: each mostly waits, for clouds and for its next worker. */
const LANES = 2;
/** A point that no run can hit must not keep the benchmark going. */
const FRUITLESS_RUNS = 2;

const SETTINGS: Record<string, readonly FaultRuleInput[]> = {
  'answers arrive': [],
  'answers get lost': [{ mutating: true, when: 'first-of-each', fault: { kind: 'lose-answer' } }],
  'reads lag by 2 s': [{ mutating: false, fault: { kind: 'stale', seconds: 2 } }],
};
const THROTTLING: readonly FaultRuleInput[] = [
  { when: { probability: THROTTLED }, fault: { kind: 'throttle' } },
  { mutating: true, when: { probability: LOST }, fault: { kind: 'lose-answer' } },
];

export const bench: Bench = async (tell) => {
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  const say = (line: string) => tell(`${String(seconds()).padStart(4)} s  ${line}`);
  const place = await openPlace();
  const workers = openWorkers(LANES);
  try {
    const calm = await killRun(place, workers, { rules: [], wanted: new Set(), expected: null });
    if (!calm.converged) throw new Error(`Without any fault: ${calm.why.join('\n')}`);
    const sideEffects = calm.met.length;
    say(`without faults: ${calm.calls} calls, ${sideEffects} of them with a side effect`);

    const outcomes: RunOutcome[] = [];
    let unmet = 0;
    for (const [name, rules] of Object.entries(SETTINGS)) {
      const wanted = new Set(calm.met.flatMap((call) => [`${call} before`, `${call} after`]));
      const runs = await cover(place, workers, { rules, wanted, expected: calm.stood }, (line) =>
        say(`${name}: ${line}`),
      );
      outcomes.push(...runs);
      unmet += wanted.size;
      for (const point of wanted) say(`${name}: not hit: ${point}`);
    }
    const rough = await killRun(place, workers, {
      rules: THROTTLING,
      wanted: new Set(),
      expected: calm.stood,
    });
    say(`throttled: ${rough.calls} calls ${rough.why.join('; ')}`);

    const sum = (of: (run: RunOutcome) => number) =>
      [...outcomes, rough].reduce((total, run) => total + of(run), 0);
    const points = outcomes.reduce((total, run) => total + run.points.length, 0);
    const converged = outcomes.reduce((total, run) => total + (run.converged ? run.points.length : 0), 0);
    const figures = {
      points,
      converged,
      duplicates: sum((run) => run.duplicates),
      orphans: sum((run) => run.orphans),
      leaked: sum((run) => run.leaked),
      sideEffects,
      runs: outcomes.length,
      kills: sum((run) => run.kills),
      calls: calm.calls,
      throttledCalls: rough.calls,
      throttledConverged: rough.converged ? 1 : 0,
      seconds: seconds(),
    };
    const ratios = { throttledCalls: Math.round((rough.calls / calm.calls) * 100) / 100 };
    const bar = (name: string, measured: number, allowed: number) => ({
      bar: name,
      measured: String(measured),
      allowed: `exactly ${allowed}`,
      ok: measured === allowed,
    });
    const planned = sideEffects * 2 * Object.keys(SETTINGS).length;
    const bars = [
      bar('points at which the worker was killed', points, planned),
      bar('points not hit', unmet, 0),
      bar('points that converged', converged, points),
      bar('things made twice', figures.duplicates, 0),
      bar('things that are not in our books', figures.orphans, 0),
      bar('things left after a teardown', figures.leaked, 0),
      bar(`converged with ${THROTTLED * 100}% throttled, ${LOST * 100}% lost`, figures.throttledConverged, 1),
      {
        bar: 'calls then, to those without faults',
        measured: String(ratios.throttledCalls),
        allowed: `at most ${CALLS_OF_FAULT_FREE}`,
        ok: ratios.throttledCalls <= CALLS_OF_FAULT_FREE,
      },
    ];
    return { ok: bars.every((one) => one.ok), ratios, figures, peers: {}, bars };
  } finally {
    await workers.close();
    await place.close();
  }
};

/** Runs until every point of `wanted` was hit, or none is any more. */
async function cover(
  place: Place,
  workers: Workers,
  run: { rules: readonly FaultRuleInput[]; wanted: Set<string>; expected: readonly string[] },
  say: (line: string) => void,
): Promise<RunOutcome[]> {
  const outcomes: RunOutcome[] = [];
  let fruitless = 0;
  const lane = async () => {
    while (run.wanted.size > 0 && fruitless < FRUITLESS_RUNS) {
      const outcome = await killRun(place, workers, run);
      fruitless = outcome.points.length === 0 ? fruitless + 1 : 0;
      outcomes.push(outcome);
      const end = outcome.converged ? 'converged' : `did not converge: ${outcome.why.slice(0, 6).join('; ')}`;
      say(
        `${outcome.kills} kills at ${outcome.points.length} points, ${end}; ${run.wanted.size} points left`,
      );
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return outcomes;
}
