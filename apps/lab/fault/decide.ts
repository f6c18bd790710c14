/** Which rules a call meets. Pure: what was counted before and the chance are arguments. */
import type { FaultRule } from './rule.ts';

/** A call as its front end names it in the request log. */
export interface FaultCall {
  cloud: 'aws' | 'gcp' | 'azure';
  service: string;
  action: string;
  /** Region, zone or `global`. */
  region: string;
  mutating: boolean;
}

/** What one rule has counted. */
export interface Count {
  /** Calls that it is about. */
  matched: number;
  /** Services and actions among them. */
  kinds: readonly string[];
}

export const nothingCounted = (rules: readonly FaultRule[]): Count[] =>
  rules.map(() => ({ matched: 0, kinds: [] }));

/**
 * The rules that hold for a call, in their order, and the counts after it. `random` gives numbers from 0 up to 1 and
 * is asked once for each rule of chance that is about the call, so one rule's chance does not move another's.
 */
export function decide(
  rules: readonly FaultRule[],
  call: FaultCall,
  counts: readonly Count[],
  random: () => number,
): { met: number[]; counts: Count[] } {
  const kind = `${call.service}.${call.action}`;
  const met: number[] = [];
  const after = rules.map((rule, index) => {
    const count = counts[index] ?? { matched: 0, kinds: [] };
    if (!isAbout(rule, call)) return count;
    const first = !count.kinds.includes(kind);
    const next = { matched: count.matched + 1, kinds: first ? [...count.kinds, kind] : count.kinds };
    if (bites(rule.when, next.matched, first, random)) met.push(index);
    return next;
  });
  return { met, counts: after };
}

function bites(when: FaultRule['when'], matched: number, first: boolean, random: () => number): boolean {
  if (when === 'always') return true;
  if (when === 'first-of-each') return first;
  if ('nth' in when) return matched === when.nth;
  return random() < when.probability;
}

function isAbout(rule: FaultRule, call: FaultCall): boolean {
  return (
    (rule.cloud === undefined || rule.cloud === call.cloud) &&
    (rule.service === undefined || matches(rule.service, call.service)) &&
    (rule.action === undefined || matches(rule.action, call.action)) &&
    (rule.region === undefined || regionsOf(call.region).some((each) => matches(rule.region ?? '', each))) &&
    (rule.mutating === undefined || rule.mutating === call.mutating)
  );
}

/** A zone's name, such as `us-central1-a`, ends in a letter of its own; a region's does not. */
const regionsOf = (place: string): string[] => [place, place.replace(/-[a-z]$/, '')];

/** Whether a name fits a pattern in which `*` stands for anything; letters of either case are the same. */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.toLowerCase().split('*');
  const text = name.toLowerCase();
  const [first = '', last = ''] = [parts[0], parts.at(-1)];
  if (parts.length === 1) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, from);
    if (found < 0 || found + part.length > text.length - last.length) return false;
    from = found + part.length;
  }
  return from <= text.length - last.length;
}

/** Numbers from 0 up to 1 that follow from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
