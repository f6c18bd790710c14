/** Kills a worker while calls of it are held in the lab, and says at which points that was. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultControl, HeldCall } from '@skein/lab/fault/faults.ts';
import { openPoints } from './points.ts';

/** Nothing new was held for so long: whatever can stand beside what is held already does. */
const QUIET_MILLISECONDS = 800;
/** No call stands longer than that: its caller would ask again. */
const LONGEST_MILLISECONDS = 6_000;
/** How long the lab may take to see that a caller is gone. */
const GONE_MILLISECONDS = 5_000;

/** What a hunt is given of the run it belongs to. */
export interface Ground {
  faults: Pick<FaultControl, 'held' | 'release' | 'onHold'>;
  /** Comes first in each point's name. */
  phase: () => string;
  /** Points still to be covered, shared by all runs of a setting. Those whose calls stand here are taken out meanwhile. */
  wanted: Set<string>;
  /** Whether a worker may die now. */
  mayKill: () => Promise<boolean>;
  /** Sends the signal before it returns; resolves when the worker is gone, with whether that was by the signal. */
  kill: () => Promise<boolean>;
  /** Puts another worker in its place. */
  replace: () => Promise<void>;
}

export interface Hunt {
  /** Points at which the worker was killed. */
  hit: readonly string[];
  kills: () => number;
  /** Side effects that came to be: points without their moment. */
  met: ReadonlySet<string>;
  /** What went against the rules of the hunt, in words. */
  problems: readonly string[];
  /** Lets go of all calls and waits for a kill that is under way. */
  end(): Promise<void>;
}

/**
 * Every call of a wanted point is left standing; others go on at once, so that what follows them comes to stand too.
 * When nothing new comes, the worker is killed: each call that stands at this very moment is a point that was hit. Its
 * caller is dead before it is answered, and one held before its execution is not executed later.
 */
export function openHunt(ground: Ground): Hunt {
  const { faults, wanted } = ground;
  const points = openPoints();
  const standing = new Map<number, string>();
  const hit: string[] = [];
  const met = new Set<string>();
  const problems: string[] = [];
  let kills = 0;
  let since = 0;
  let timer: NodeJS.Timeout | undefined;
  let last: Promise<void> = Promise.resolve();
  let over = false;

  const stop = faults.onHold((call) => {
    const { sideEffect, point } = points.of(ground.phase(), call);
    if (call.at === 'after') met.add(sideEffect);
    if (over || !wanted.delete(point)) {
      faults.release(call.id);
      return;
    }
    if (standing.size === 0) since = performance.now();
    standing.set(call.id, point);
    clearTimeout(timer);
    timer = setTimeout(
      () => {
        last = last.then(strike).catch((error) => void problems.push(String(error)));
      },
      Math.max(0, Math.min(QUIET_MILLISECONDS, since + LONGEST_MILLISECONDS - performance.now())),
    );
  });

  /** Points whose caller went by itself are to be hit another time. */
  function forgetGone(): void {
    const held = idsOf(faults.held());
    for (const [id, point] of standing)
      if (!held.has(id)) {
        standing.delete(id);
        wanted.add(point);
      }
  }

  function letGo(): void {
    for (const [id, point] of standing) {
      wanted.add(point);
      faults.release(id);
    }
    standing.clear();
  }

  async function strike(): Promise<void> {
    const may = standing.size > 0 && (await ground.mayKill());
    forgetGone();
    if (!may || over) return letGo();
    if (standing.size === 0) return;
    // From here to the signal nothing else runs in this process, so none of these can be answered.
    const struck = new Map(standing);
    standing.clear();
    const killed = ground.kill();
    kills += 1;
    hit.push(...struck.values());
    if (!(await killed))
      problems.push(`the worker had ended by itself at ${[...struck.values()].join(', ')}`);
    await gone(struck);
    await ground.replace();
  }

  /** The lab has cut what the dead worker asked. */
  async function gone(struck: ReadonlyMap<number, string>): Promise<void> {
    const end = performance.now() + GONE_MILLISECONDS;
    while (faults.held().some((call) => struck.has(call.id))) {
      if (performance.now() > end) throw new Error('the lab still holds calls of a worker that is dead');
      await sleep(5);
    }
  }

  return {
    hit,
    kills: () => kills,
    met,
    problems,
    async end() {
      over = true;
      clearTimeout(timer);
      await last;
      forgetGone();
      letGo();
      stop();
    },
  };
}

const idsOf = (calls: readonly HeldCall[]) => new Set(calls.map((call) => call.id));
