/** Small numbers for realms and machines, from which their link-local addresses follow. Kept across restarts. Pure. */
import type { Ground } from './ground.ts';

export interface Numbers {
  realms: Readonly<Record<string, number>>;
  machines: Readonly<Record<string, number>>;
}

/** Who has a number keeps it; who is new gets the smallest free one from 2 on; who is gone gives it back. */
export function numbered(ground: Ground, before: Numbers): Numbers {
  return {
    realms: assign(ground.realms.map(({ id }) => id), before.realms),
    machines: assign(ground.machines.map(({ id }) => id), before.machines),
  }; // biome-ignore format: two alike
}

function assign(ids: readonly string[], before: Readonly<Record<string, number>>): Record<string, number> {
  const kept = ids.flatMap((id) => (before[id] === undefined ? [] : [[id, before[id]] as const]));
  const taken = new Set(kept.map(([, number]) => number));
  const after = Object.fromEntries(kept);
  let next = 2;
  for (const id of ids) {
    if (after[id] !== undefined) continue;
    while (taken.has(next)) next++;
    taken.add(next);
    after[id] = next;
  }
  return after;
}
