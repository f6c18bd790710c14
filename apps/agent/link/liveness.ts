/**
 * Which carriers live, decided from probes alone. A carrier dies when several probes in a row stay without an answer for
 * longer than its round trips explain, and comes back once it has answered for a while: longer each time it dies again
 * soon, so that a flapping one does no harm. Clocks are arguments: monotonic milliseconds.
 */
import type { Verdict } from '../route/ways.ts';
import type { Saying } from './message.ts';

/** Between probes of a carrier that traffic goes by, or that is in doubt. */
export const FAST_MILLISECONDS = 80;
/** Of one that is seldom used, or dead. */
export const WARM_MILLISECONDS = 1000;
/** Of one that nothing goes by. */
export const IDLE_MILLISECONDS = 10_000;

/** Probes in a row that must stay unanswered: two may get lost on a bad line. */
const LOST_PROBES = 3;
/** A timer may fire so much early: who is due then must not wait for the next one. */
const EARLY_MILLISECONDS = 10;
const SHORTEST_PATIENCE_MILLISECONDS = 230;
const LONGEST_PATIENCE_MILLISECONDS = 2000;
/** Beyond what round trips are known to take. */
const SLACK_MILLISECONDS = 150;
/** When a probe is so late, the next ones follow fast. */
const DOUBT_MILLISECONDS = 100;
/** How long a carrier that was dead must answer before it is used again. */
const SHORTEST_HOLD_MILLISECONDS = 1000;
const LONGEST_HOLD_MILLISECONDS = 30_000;
/** Dying again within this time doubles the hold. */
const FLAP_MILLISECONDS = 10_000;
/** Later than it was meant to be: this agent itself was stopped, and can say nothing of that time. */
const STALL_MILLISECONDS = 900;
/** A dead carrier is asked often at first, then seldom. */
const DEAD_WARM_MILLISECONDS = 60_000;
const DEAD_IDLE_MILLISECONDS = 5000;
const FRESH_MILLISECONDS = 2000;

interface Life {
  live: boolean;
  /** When it became what it is, live or dead. */
  since: number;
  /** Times at which probes went out that are not answered, oldest first. */
  outstanding: number[];
  lastSentAt: number;
  /** Smoothed round trip and its spread (RFC 6298); null before the first answer. */
  roundTrip: { mean: number; spread: number } | null;
  /** Since when a dead one answers again without a gap. */
  answeringSince: number | null;
  holdMilliseconds: number;
  saying: Saying;
}

export interface Liveness {
  /** These are the carriers from now on. One that is new counts as dead until it first answers. */
  keep(ids: Iterable<string>, now: number): void;
  /** Carriers to be asked now. `isBusy` says by whom traffic goes, `isWarm` who may be needed soon. */
  due(now: number, isBusy: (id: string) => boolean, isWarm: boolean): string[];
  /** Whether anything is in doubt: the next judgement must come soon. */
  inDoubt(now: number): boolean;
  sent(id: string, now: number): void;
  /** @param sentAt when the probe went out that was answered */
  answered(id: string, sentAt: number, now: number): void;
  said(id: string, saying: Saying): void;
  /** Milliseconds until one is to be asked again, as for `due`; infinite where there are none. */
  untilDue(now: number, isBusy: (id: string) => boolean, isWarm: boolean): number;
  /** Whether any question waits for its answer. */
  isWaiting(): boolean;
  /**
   * Judges all carriers, and says whether any verdict changed since the last time.
   * @param rested for how long it was meant not to judge, in milliseconds
   */
  judge(now: number, rested: number): boolean;
  verdicts(): Map<string, Verdict>;
}

const NOTHING_SAID: Saying = { draining: false, unreachable: [] };

export function newLiveness(): Liveness {
  const lives = new Map<string, Life>();
  let judgedAt: number | null = null;
  let changed = false;

  const judgeOne = (life: Life, now: number) => {
    const [oldest] = life.outstanding;
    const lost =
      oldest !== undefined &&
      life.outstanding.length >= LOST_PROBES &&
      now - oldest >= patienceOf(life.roundTrip);
    if (life.live && lost) {
      const flaps = now - life.since < FLAP_MILLISECONDS;
      life.holdMilliseconds = flaps
        ? Math.min(LONGEST_HOLD_MILLISECONDS, life.holdMilliseconds * 2)
        : SHORTEST_HOLD_MILLISECONDS;
      become(life, false, now);
    } else if (!life.live && lost) life.answeringSince = null;
    else if (
      !life.live &&
      life.answeringSince !== null &&
      now - life.answeringSince >= life.holdMilliseconds
    ) {
      life.holdMilliseconds = Math.max(SHORTEST_HOLD_MILLISECONDS, life.holdMilliseconds);
      become(life, true, now);
    }
  };
  const become = (life: Life, live: boolean, now: number) => {
    life.live = live;
    life.since = now;
    life.answeringSince = null;
    changed = true;
  };

  return {
    keep: (ids, now) => {
      const wanted = new Set(ids);
      for (const id of lives.keys()) if (!wanted.has(id) && lives.delete(id)) changed = true;
      for (const id of wanted) {
        if (lives.has(id)) continue;
        changed = true;
        lives.set(id, {
          live: false,
          since: now,
          outstanding: [],
          lastSentAt: Number.NEGATIVE_INFINITY,
          roundTrip: null,
          answeringSince: null,
          holdMilliseconds: 0,
          saying: NOTHING_SAID,
        });
      }
    },
    due: (now, isBusy, isWarm) =>
      [...lives].flatMap(([id, life]) =>
        now - life.lastSentAt >= paceOf(life, now, isBusy(id), isWarm) - EARLY_MILLISECONDS ? [id] : [],
      ),
    untilDue: (now, isBusy, isWarm) =>
      Math.min(
        ...[...lives].map(([id, life]) => life.lastSentAt + paceOf(life, now, isBusy(id), isWarm) - now),
      ),
    isWaiting: () => [...lives.values()].some((life) => life.outstanding.length > 0),
    inDoubt: (now) => [...lives.values()].some((life) => isInDoubt(life, now)),
    sent: (id, now) => {
      const life = lives.get(id);
      if (!life) return;
      life.lastSentAt = now;
      life.outstanding.push(now);
      // Of one that is dead for long only the newest tell anything.
      if (life.outstanding.length > 2 * LOST_PROBES && !life.live) life.outstanding.shift();
    },
    answered: (id, sentAt, now) => {
      const life = lives.get(id);
      if (!life) return;
      life.outstanding = life.outstanding.filter((at) => at > sentAt);
      // An answer that took so long comes from one who was stopped: it says nothing of how long round trips are.
      if (now - sentAt <= LONGEST_PATIENCE_MILLISECONDS)
        life.roundTrip = smoothed(life.roundTrip, now - sentAt);
      if (!life.live) life.answeringSince ??= now;
    },
    said: (id, saying) => {
      const life = lives.get(id);
      if (!life || sameSaying(life.saying, saying)) return;
      life.saying = saying;
      changed = true;
    },
    judge: (now, rested) => {
      if (judgedAt !== null && now - judgedAt > rested + STALL_MILLISECONDS)
        for (const life of lives.values()) {
          life.outstanding = [];
          life.lastSentAt = Number.NEGATIVE_INFINITY;
        }
      judgedAt = now;
      for (const life of lives.values()) judgeOne(life, now);
      const told = changed;
      changed = false;
      return told;
    },
    verdicts: () => new Map([...lives].map(([id, { live, saying }]) => [id, { live, ...saying }])),
  };
}

function patienceOf(roundTrip: Life['roundTrip']): number {
  const expected = roundTrip ? roundTrip.mean + 4 * roundTrip.spread + SLACK_MILLISECONDS : 0;
  return Math.min(LONGEST_PATIENCE_MILLISECONDS, Math.max(SHORTEST_PATIENCE_MILLISECONDS, expected));
}

function isInDoubt(life: Life, now: number): boolean {
  if (!life.live) return life.answeringSince !== null || now - life.since < FRESH_MILLISECONDS;
  const [oldest] = life.outstanding;
  return (
    oldest !== undefined && now - oldest >= Math.max(DOUBT_MILLISECONDS, 2 * (life.roundTrip?.mean ?? 0))
  );
}

function paceOf(life: Life, now: number, isBusy: boolean, isWarm: boolean): number {
  if (isInDoubt(life, now)) return FAST_MILLISECONDS;
  if (!life.live)
    return now - life.since < DEAD_WARM_MILLISECONDS ? WARM_MILLISECONDS : DEAD_IDLE_MILLISECONDS;
  if (isBusy) return FAST_MILLISECONDS;
  return isWarm ? WARM_MILLISECONDS : IDLE_MILLISECONDS;
}

function smoothed(before: Life['roundTrip'], sample: number): NonNullable<Life['roundTrip']> {
  if (!before) return { mean: sample, spread: sample / 2 };
  return {
    mean: before.mean + (sample - before.mean) / 8,
    spread: before.spread + (Math.abs(sample - before.mean) - before.spread) / 4,
  };
}

function sameSaying(a: Saying, b: Saying): boolean {
  return a.draining === b.draining && a.unreachable.join() === b.unreachable.join();
}
