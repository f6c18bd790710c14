/**
 * Ways to the pods of the own cluster's other nodes, in a table of their own. The cluster's network (flannel, Calico) has
 * routes for the same prefixes in the main table, and carries what goes from pod to pod within the cluster. What comes by
 * our tunnels is sent on by tunnel, so that nobody on the way takes it for something else; what this node itself sends
 * goes there where the main table has nothing but its default route.
 */
import type { MapSelf } from '@skein/contract/agent/map.ts';
import { z } from 'zod';
import { interfaceOf } from '../config.ts';
import { must, type Run } from '../host/command.ts';
import { parseTable, planTable } from './table.ts';
import type { SizedWay } from './ways.ts';

const TABLE = '51883';
/** Before the rule of the main table, which is number 32766. */
const FROM_TUNNELS = 5189;
const BY_MAIN = 5190;
const ELSE = 5191;

const RuleJson = z.array(
  z.object({
    priority: z.number(),
    dst: z.string().optional(),
    dstlen: z.number().optional(),
    iif: z.string().optional(),
    table: z.string(),
    suppress_prefixlen: z.number().optional(),
  }),
);

/** What follows `ip rule add`. None where no mate has pods. */
export function podRules({ pods, planes }: MapSelf, ways: readonly SizedWay[]): string[] {
  if (pods.cluster === null || ways.length === 0) return [];
  const to = `to ${pods.cluster}`;
  return [
    ...Array.from(
      { length: planes },
      (_, plane) => `pref ${FROM_TUNNELS} ${to} iif ${interfaceOf(plane)} lookup ${TABLE}`,
    ),
    `pref ${BY_MAIN} ${to} lookup main suppress_prefixlength 0`,
    `pref ${ELSE} ${to} lookup ${TABLE}`,
  ];
}

/** Reads `ip -j -4 rule show`: ours, in the words of `podRules`. */
export function parseRules(text: string): string[] {
  return RuleJson.parse(JSON.parse(text || '[]'))
    .filter(({ priority }) => [FROM_TUNNELS, BY_MAIN, ELSE].includes(priority))
    .map(({ priority, dst, dstlen, iif, table, suppress_prefixlen: suppressed }) =>
      [
        `pref ${priority} to ${dst}/${dstlen ?? 32}`,
        ...(iif === undefined ? [] : [`iif ${iif}`]),
        `lookup ${table}`,
        ...(suppressed === undefined ? [] : [`suppress_prefixlength ${suppressed}`]),
      ].join(' '),
    );
}

/** Throws `command-failed`. */
export async function applyPodWays(run: Run, self: MapSelf, ways: readonly SizedWay[]): Promise<void> {
  const rules = podRules(self, ways);
  const there = parseRules(await must(run, 'ip', ['-j', '-4', 'rule', 'show']));
  if (rules.length === 0 && there.length === 0) return;
  // A table that never held anything does not exist, and `ip` says so by failing.
  const held = await run('ip', ['-j', '-4', 'route', 'show', 'table', TABLE]);
  const routes = planTable(ways, self.overlayAddress, parseTable((held.ok && held.output) || '[]'));
  const lines = [
    ...routes.map((line) => `${line} table ${TABLE}`),
    ...rules.filter((rule) => !there.includes(rule)).map((rule) => `rule add ${rule}`),
    ...there.filter((rule) => !rules.includes(rule)).map((rule) => `rule del ${rule}`),
  ];
  if (lines.length > 0) await must(run, 'ip', ['-batch', '-'], `${lines.join('\n')}\n`);
}

/** Takes the rules away; the routes go with the interfaces. Succeeds where there are none. */
export async function removePodWays(run: Run): Promise<void> {
  const rules = await run('ip', ['-j', '-4', 'rule', 'show']);
  for (const rule of rules.ok ? parseRules(rules.output) : [])
    await must(run, 'ip', ['rule', 'del', ...rule.split(' ')]);
}
