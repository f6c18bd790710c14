/** Puts the packet filter in place, and leaves it alone where it already is. */
import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { must, type Run } from '../host/command.ts';
import { closedInterfaces } from '../route/forwarding.ts';
import { markOf, renderFilter, renderReplacement, TABLE } from './render.ts';

/** Whether the filter had to be put in place: the map changed it, or somebody flushed it. */
export async function applyFilter(run: Run, map: NetworkMap): Promise<boolean> {
  const rules = renderFilter(map, await closedInterfaces());
  const there = await run('nft', ['list', 'chain', ...TABLE.split(' '), markOf(rules)]);
  if (there.ok) return false;
  await must(run, 'nft', ['-f', '-'], renderReplacement(rules));
  return true;
}

/** Whether the filter is as the map says, or null where nft cannot be asked. */
export async function filterInPlace(run: Run, map: NetworkMap): Promise<boolean | null> {
  if (!(await run('nft', ['list', 'tables'])).ok) return null;
  const rules = renderFilter(map, await closedInterfaces());
  return (await run('nft', ['list', 'chain', ...TABLE.split(' '), markOf(rules)])).ok;
}

/** Takes the filter away. Succeeds where there is none. */
export async function removeFilter(run: Run): Promise<void> {
  await must(run, 'nft', ['-f', '-'], `table ${TABLE}\ndelete table ${TABLE}\n`);
}
