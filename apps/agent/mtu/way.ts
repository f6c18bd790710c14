/**
 * The probes' own way: packets from their port take a routing table without any MTU but the interface's. Traffic keeps
 * the routes of the main table, each with the MTU that was proven for it.
 */
import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { z } from 'zod';
import { INTERFACE, interfaceOf, PATH_PORT } from '../config.ts';
import { must, type Run } from '../host/command.ts';

/** Number of the table: the port's, which nobody else is likely to use. */
const TABLE = String(PATH_PORT);
/** Before the rule of the main table, which is number 32766. */
const PREFERENCE = '5188';
const RULE = ['pref', PREFERENCE, 'ipproto', 'udp', 'sport', TABLE, 'lookup', TABLE];

const RouteJson = z.array(z.object({ dst: z.string(), dev: z.string() }));

/** Lines for `ip -batch -` that make the table hold one way to each peer, and nothing else. */
export function planWay(map: NetworkMap, current: readonly { dst: string; dev: string }[]): string[] {
  // Most peers are on the first plane: the others alone are named.
  const wanted = new Map([[map.self.overlayCidr, INTERFACE]]);
  for (const peer of map.peers) if (peer.plane > 0) wanted.set(peer.overlayAddress, interfaceOf(peer.plane));
  const lines: string[] = [];
  for (const { dst, dev } of current) {
    if (wanted.get(dst) === dev) wanted.delete(dst);
    else lines.push(`route del ${dst} dev ${dev} table ${TABLE}`);
  }
  for (const [dst, dev] of wanted) lines.push(`route add ${dst} dev ${dev} table ${TABLE}`);
  return lines;
}

/** Throws `command-failed`. */
export async function applyWay(run: Run, map: NetworkMap): Promise<void> {
  const rules = await must(run, 'ip', ['rule', 'show', 'pref', PREFERENCE]);
  if (rules.trim() === '') await must(run, 'ip', ['rule', 'add', ...RULE]);
  // A table that never held anything does not exist, and `ip` says so by failing.
  const held = await run('ip', ['-j', 'route', 'show', 'table', TABLE]);
  const lines = planWay(map, RouteJson.parse(JSON.parse((held.ok && held.output) || '[]')));
  if (lines.length > 0) await must(run, 'ip', ['-batch', '-'], `${lines.join('\n')}\n`);
}

/** Takes the rule away; its routes go with the interfaces. Succeeds where there is none. */
export async function removeWay(run: Run): Promise<void> {
  const rules = await run('ip', ['rule', 'show', 'pref', PREFERENCE]);
  if (rules.ok && rules.output.trim() !== '') await must(run, 'ip', ['rule', 'del', ...RULE]);
}
