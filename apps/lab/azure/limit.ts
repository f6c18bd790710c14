/** How much a subscription may hold: the defaults, what was set through the control API, and what a fault leaves. */
import type { Passage } from '../fault/passage.ts';
import { openQuotas } from '../store/quotas.ts';
import type { Store } from '../store/store.ts';
import { LIMITS } from './catalog.ts';

export interface Limits {
  /** As callers are shown it. */
  limitOf(name: string): number;
  /** Whether `used`, with what the call would add, is past it. */
  full(name: string, used: number): boolean;
}

export function limitsOf(store: Store, subscriptionId: string, passage: Passage): Limits {
  const set = openQuotas(store).read()[`azure/${subscriptionId}`] ?? {};
  const limit = (name: string): number => {
    const known = set[name] ?? LIMITS[name];
    if (known === undefined) throw new Error(`there is no limit named ${name}`);
    return known;
  };
  return {
    limitOf: (name) => passage.limitOf(name, limit(name)),
    full: (name, used) => passage.full(name, used, limit(name)),
  };
}
