/**
 * The lab's faults: the rules in force, what they have bitten, and the calls they hold. Front ends open a passage for
 * each call (`passage.ts`); people set rules in process, over the control socket or by `SKEIN_LAB_FAULTS`.
 */
import type { MachineStatus } from '../ground/ground.ts';
import type { Store } from '../store/store.ts';
import type { Boots } from './boots.ts';
import { type Count, decide, type FaultCall, nothingCounted, seeded } from './decide.ts';
import { openHistory } from './history.ts';
import { type Caller, type MachineOf, openPassage, type Passage } from './passage.ts';
import { FaultPlan, type FaultRule, type FaultRuleInput } from './rule.ts';

/** A call that waits because a rule holds it. */
export interface HeldCall extends FaultCall {
  /** Counts from 1 and never repeats while the lab runs. */
  id: number;
  at: 'before' | 'after';
  /** Equal for calls that ask for the same (`content.ts`). */
  content: string;
}

export interface Bitten {
  total: number;
  /** By kind of fault. */
  kinds: Partial<Record<FaultRule['fault']['kind'], number>>;
  /** In the order they were set: how many calls a rule was about, and how many it bit. */
  rules: { rule: FaultRule; matched: number; bitten: number }[];
}

/** What the lab's owner can do with its faults. */
export interface FaultControl {
  /** Replaces all rules and their counts, and lets go of all held calls. @throws ZodError for what is no rule */
  set(rules: readonly FaultRuleInput[], seed?: number): void;
  /** No rules any more. Held calls go on. */
  clear(): void;
  /** Since the rules were set. */
  bitten(): Bitten;
  held(): readonly HeldCall[];
  /** Lets a held call go on; false when it is not held. */
  release(id: number): boolean;
  /** Called for each call that is held from now on. Returns how to stop it. */
  onHold(listener: (call: HeldCall) => void): () => void;
}

export interface Faults {
  control: FaultControl;
  /** For a front end: the way of one call that is named and authenticated. */
  passage(call: FaultCall & Pick<HeldCall, 'content'>, caller: Caller): Passage;
}

export function openFaults(given: {
  store: Store;
  now: () => Date;
  machine: MachineOf;
  boots: Pick<Boots, 'delay'>;
}): Faults {
  const history = openHistory(given.store, given.now);
  const lastSeen = new Map<string, MachineStatus>();
  const held = new Map<number, { call: HeldCall; release: () => void }>();
  const listeners = new Set<(call: HeldCall) => void>();
  let rules: readonly FaultRule[] = [];
  let counts: Count[] = [];
  let bites: number[] = [];
  let random = seeded(1);
  let holds = 0;

  function use(plan: FaultPlan): void {
    rules = plan.rules;
    counts = nothingCounted(rules);
    bites = rules.map(() => 0);
    random = seeded(plan.seed);
    lastSeen.clear();
    history.keep(
      Math.max(
        0,
        ...rules.map(({ fault }) => (fault.kind === 'stale' || fault.kind === 'not-yet' ? fault.seconds : 0)),
      ),
    );
    for (const one of held.values()) one.release();
  }

  function hold(
    call: Omit<HeldCall, 'id' | 'at'>,
    at: HeldCall['at'],
    gone: AbortSignal,
  ): Promise<'released' | 'gone'> {
    if (gone.aborted) return Promise.resolve('gone');
    holds += 1;
    const id = holds;
    return new Promise((resolve) => {
      const end = (how: 'released' | 'gone') => {
        held.delete(id);
        gone.removeEventListener('abort', leave);
        resolve(how);
      };
      const leave = () => end('gone');
      gone.addEventListener('abort', leave);
      const it: HeldCall = { ...call, id, at };
      held.set(id, { call: it, release: () => end('released') });
      for (const listener of listeners) listener(it);
    });
  }

  return {
    control: {
      set: (input, seed) => use(FaultPlan.parse({ rules: input, ...(seed === undefined ? {} : { seed }) })),
      clear: () => use({ seed: 1, rules: [] }),
      bitten() {
        const kinds: Bitten['kinds'] = {};
        rules.forEach(({ fault }, index) => {
          kinds[fault.kind] = (kinds[fault.kind] ?? 0) + (bites[index] ?? 0);
        });
        return {
          total: bites.reduce((sum, each) => sum + each, 0),
          kinds,
          rules: rules.map((rule, index) => ({
            rule,
            matched: counts[index]?.matched ?? 0,
            bitten: bites[index] ?? 0,
          })),
        };
      },
      held: () => [...held.values()].map((one) => one.call),
      release(id) {
        const one = held.get(id);
        one?.release();
        return one !== undefined;
      },
      onHold(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },

    passage(call, caller) {
      const outcome = decide(rules, call, counts, random);
      counts = outcome.counts;
      // A call that was on its way when the rules changed counts nowhere.
      const counted = bites;
      const met = outcome.met.flatMap((index) => {
        const rule = rules[index];
        return rule
          ? [
              {
                fault: rule.fault,
                bit: () => {
                  counted[index] = (counted[index] ?? 0) + 1;
                },
              },
            ]
          : [];
      });
      return openPassage(
        {
          met,
          lastSeen,
          machine: given.machine,
          past: (section, seconds, present) => history.past(section, seconds, present),
          delayBoot: (machineId, seconds) => given.boots.delay(machineId, seconds),
          hold: (at, gone) => hold(call, at, gone),
        },
        caller,
      );
    },
  };
}
