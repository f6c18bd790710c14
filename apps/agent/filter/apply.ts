/** Puts the packet filter in place, and leaves it alone where it already is. */
import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { must, type Run } from '../host/command.ts';
import { closedInterfaces } from '../route/forwarding.ts';
import { renderFilterChange } from './change.ts';
import { markOf, renderFilter, renderReplacement, TABLE } from './render.ts';

export interface Filter {
  /**
   * Answers whether the filter had to be put in place: the map changed it, or somebody flushed it. Throws
   * `command-failed`; then the filter is what it was.
   */
  apply(map: NetworkMap): Promise<boolean>;
}

export function newFilter(run: Run): Filter {
  /** What was found or put in place last. */
  let held: string | undefined;
  return {
    apply: async (map) => {
      const rules = renderFilter(map, await closedInterfaces());
      if (await isThere(run, rules)) {
        held = rules;
        return false;
      }
      const change = held === undefined ? null : renderFilterChange(held, rules);
      held = undefined;
      // It fails where somebody took what was there: then all is put in place anew.
      const changed = change !== null && (await run('nft', ['-f', '-'], change)).ok;
      if (!changed) await must(run, 'nft', ['-f', '-'], renderReplacement(rules));
      held = rules;
      return true;
    },
  };
}

/** Whether the filter is as the map says, or null where nft cannot be asked. */
export async function filterInPlace(run: Run, map: NetworkMap): Promise<boolean | null> {
  if (!(await run('nft', ['list', 'tables'])).ok) return null;
  return isThere(run, renderFilter(map, await closedInterfaces()));
}

/** Takes the filter away. Succeeds where there is none. */
export async function removeFilter(run: Run): Promise<void> {
  await must(run, 'nft', ['-f', '-'], `table ${TABLE}\ndelete table ${TABLE}\n`);
}

async function isThere(run: Run, rules: string): Promise<boolean> {
  return (await run('nft', ['list', 'chain', ...TABLE.split(' '), markOf(rules)])).ok;
}
