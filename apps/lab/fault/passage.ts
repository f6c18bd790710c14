/**
 * One call on its way through a front end, and the faults it meets. The front end asks before it executes and before
 * it answers; it renders refusals in its own cloud's words.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MachineStatus } from '../ground/ground.ts';
import type { Section } from '../store/store.ts';
import { matches } from './decide.ts';
import type { Fault } from './rule.ts';

type Kind = Fault['kind'];
type Of<K extends Kind> = Extract<Fault, { kind: K }>;

/** The caller's connection. */
export interface Caller {
  /** Aborted when the caller has gone. */
  gone: AbortSignal;
}

export type Entry =
  | { go: 'execute' }
  /** To be refused, without executing it. */
  | { go: 'refuse'; as: 'throttle'; retryAfterSeconds: number }
  | { go: 'refuse'; as: 'error' | 'unavailable' }
  /** The connection is to be cut, or the caller has cut it. Nothing is executed. */
  | { go: 'cut' };

export interface Passage {
  /** Before execution: waits where it must, then says how the call goes on. */
  enter(): Promise<Entry>;
  /** Before the answer: waits where it must; `cut` means that the connection is to be cut. */
  leave(): Promise<'answer' | 'cut'>;
  /** Whether nobody has this permission now, whatever was granted. Such a refusal counts as bitten. */
  denies(permission: string): boolean;
  /** Whether a quota allows no more: `used` with what the call would add is past `limit`, or past what a fault allows. */
  full(quota: string, used: number, limit: number): boolean;
  /** The quota's limit as callers are shown it. */
  limitOf(quota: string, limit: number): number;
  /** Reads a section: as it is, or as it was. */
  read<T, R>(name: string, section: Section<T>, run: (state: T, machine: MachineOf) => R): R;
  /**
   * Changes a section. Under `not-yet` a change that is refused on the earlier state for something missing, and would
   * be accepted now, is refused so.
   */
  change<T, R>(
    name: string,
    section: Section<T>,
    run: (state: T) => R,
    isMissing: (error: unknown) => boolean,
  ): R;
  /** So many seconds longer takes what this call starts. Ask when something is started: it counts as bitten. */
  slowSeconds(): number;
  /** Lets a machine boot so much later. */
  delayBoot(machineId: string, seconds: number): void;
  /** What the request log says: the kinds that bit, joined by `+`; null for none. */
  bitten(): string | null;
}

export type MachineOf = (id: string) => MachineStatus | undefined;

/** What a passage needs of the whole. */
export interface Surroundings {
  /** Faults met, with how to count that they bit. */
  met: readonly { fault: Fault; bit: () => void }[];
  past<T>(section: string, seconds: number, present: T): T;
  machine: MachineOf;
  /** As last seen standing, for machines that are gone. */
  lastSeen: Map<string, MachineStatus>;
  delayBoot(machineId: string, seconds: number): void;
  /** Resolves when the held call is released; the caller's going ends it too. */
  hold(at: 'before' | 'after', gone: AbortSignal): Promise<'released' | 'gone'>;
}

export function openPassage(around: Surroundings, caller: Caller): Passage {
  const names = new Set<Kind>();
  const bite = (one: { fault: Fault; bit: () => void }) => {
    if (!pending.delete(one)) return;
    one.bit();
    names.add(one.fault.kind);
  };
  const pending = new Set(around.met);
  const find = <K extends Kind>(kind: K) =>
    around.met.filter((one): one is { fault: Of<K>; bit: () => void } => one.fault.kind === kind);
  const machine: MachineOf = (id) => {
    const status = around.machine(id);
    if (status) around.lastSeen.set(id, status);
    return status ?? around.lastSeen.get(id);
  };

  return {
    async enter() {
      for (const one of find('delay')) {
        bite(one);
        // Executed even when the caller goes meanwhile: the call has arrived.
        await sleep(one.fault.milliseconds);
      }
      for (const one of find('hold').filter(({ fault }) => fault.at === 'before')) {
        bite(one);
        if ((await around.hold('before', caller.gone)) === 'gone') return { go: 'cut' };
      }
      for (const one of find('region-down')) {
        bite(one);
        return one.fault.how === 'cut' ? { go: 'cut' } : { go: 'refuse', as: 'unavailable' };
      }
      for (const one of find('throttle')) {
        bite(one);
        return { go: 'refuse', as: 'throttle', retryAfterSeconds: one.fault.retryAfterSeconds };
      }
      for (const one of find('error')) {
        bite(one);
        return { go: 'refuse', as: 'error' };
      }
      return { go: 'execute' };
    },

    async leave() {
      for (const one of find('hold').filter(({ fault }) => fault.at === 'after')) {
        bite(one);
        if ((await around.hold('after', caller.gone)) === 'gone') return 'cut';
      }
      for (const one of find('lose-answer')) {
        bite(one);
        return 'cut';
      }
      return 'answer';
    },

    denies(permission) {
      const one = find('deny').find(({ fault }) =>
        fault.permissions.some((each) => matches(each, permission)),
      );
      if (one) bite(one);
      return one !== undefined;
    },

    full(quota, used, limit) {
      if (used > limit) return true;
      const one = find('quota').find(
        ({ fault }) => matches(fault.name, quota) && used > Math.min(limit, fault.limit),
      );
      if (one) bite(one);
      return one !== undefined;
    },

    limitOf: (quota, limit) =>
      Math.min(
        limit,
        ...find('quota')
          .filter(({ fault }) => matches(fault.name, quota))
          .map(({ fault }) => fault.limit),
      ),

    read(name, section, run) {
      const [one] = find('stale');
      if (!one) return run(section.read(), around.machine);
      const before = around.past(name, one.fault.seconds, section.read());
      const now = outcomeOf(() => run(section.read(), machine));
      const then = before === section.read() ? now : outcomeOf(() => run(before, machine));
      if (then.key !== now.key) bite(one);
      return then.take();
    },

    change(name, section, run, isMissing) {
      const [one] = find('not-yet');
      const before = one && around.past(name, one.fault.seconds, section.read());
      if (one && before && before !== section.read()) {
        const then = outcomeOf(() => run(structuredClone(before)));
        if (isMissing(then.error) && !outcomeOf(() => run(structuredClone(section.read()))).error) {
          bite(one);
          then.take();
        }
      }
      return section.change(run);
    },

    slowSeconds() {
      let seconds = 0;
      for (const one of find('slow-operations')) {
        bite(one);
        seconds = Math.max(seconds, one.fault.seconds);
      }
      return seconds;
    },
    delayBoot: around.delayBoot,
    bitten: () => (names.size === 0 ? null : [...names].join('+')),
  };
}

/** What a run came to, so that two can be compared before one of them is answered. */
function outcomeOf<R>(run: () => R): { key: string; error: unknown; take: () => R } {
  try {
    const result = run();
    return { key: JSON.stringify(result), error: undefined, take: () => result };
  } catch (error) {
    return {
      key: String(error),
      error,
      take: () => {
        throw error;
      },
    };
  }
}
