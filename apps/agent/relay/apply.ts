/** Keeps the relay's table at what the map gives to relay, and takes it away where that is nothing. */
import type { MapAllocation } from '@skein/contract/agent/map.ts';
import { z } from 'zod';
import { INTERFACES } from '../config.ts';
import { must, type Run } from '../host/command.ts';
import { type Hop, markOf, renderRelay, renderRelayChange, TABLE } from './render.ts';

const Routes = z.array(
  z.object({
    dst: z.string(),
    dev: z.string().optional(),
    gateway: z.string().optional(),
    prefsrc: z.string().optional(),
  }),
);

export interface Relay {
  /** Throws `command-failed`. */
  apply(allocations: readonly MapAllocation[]): Promise<void>;
}

/** @param clock milliseconds since 1970 */
export function newRelay(run: Run, clock: () => number): Relay {
  let held: { allocations: readonly MapAllocation[]; hops: ReadonlyMap<string, Hop> } | undefined;
  return {
    apply: async (allocations) => {
      if (allocations.length === 0 && (held?.allocations.length ?? 1) === 0) return;
      const hops = await hopsTo(run, [...new Set(allocations.flatMap((one) => one.addresses.flat()))]);
      if (hops.size === 0) {
        await removeRelay(run);
        held = { allocations: [], hops };
        return;
      }
      const mark = markOf(allocations, hops);
      const before = held;
      if (await isThere(run, mark)) {
        held = { allocations, hops };
        return;
      }
      held = undefined;
      const change =
        before && (await isThere(run, markOf(before.allocations, before.hops)))
          ? renderRelayChange(before.allocations, allocations, { before: before.hops, after: hops }, clock())
          : null;
      await must(run, 'nft', ['-f', '-'], change ?? renderRelay(allocations, hops, clock()));
      held = { allocations, hops };
      // Packets of one sender that come together go on together. Not every node has the tool, nor every card the wish.
      if (change === null)
        for (const device of new Set([...hops.values()].map((hop) => hop.device)))
          await run('ethtool', ['-K', device, 'gro', 'on', 'rx-udp-gro-forwarding', 'on']);
    },
  };
}

/** Takes the table away. Succeeds where there is none. */
export async function removeRelay(run: Run): Promise<void> {
  await must(run, 'nft', ['-f', '-'], `table ${TABLE}\ndelete table ${TABLE}\n`);
}

async function isThere(run: Run, mark: string): Promise<boolean> {
  return (await run('nft', ['list', 'chain', ...TABLE.split(' '), mark])).ok;
}

/** How the kernel would send to each address; those it cannot reach, or only by the overlay, are left out. */
async function hopsTo(run: Run, addresses: readonly string[]): Promise<Map<string, Hop>> {
  const hops = new Map<string, Hop>();
  if (addresses.length === 0) return hops;
  const lines = addresses.map((address) => `route get ${address}`);
  const all = await run('ip', ['-j', '-batch', '-'], `${lines.join('\n')}\n`);
  // One that has no way ends a batch, so then each is asked alone.
  const answers = all.ok
    ? all.output.split('\n')
    : await Promise.all(
        addresses.map(async (address) => {
          const one = await run('ip', ['-j', 'route', 'get', address]);
          return one.ok ? one.output : '';
        }),
      );
  for (const answer of answers)
    for (const route of Routes.parse(JSON.parse(answer.trim() || '[]'))) {
      const { dst, dev, gateway, prefsrc } = route;
      if (!dev || !prefsrc || dev === 'lo' || INTERFACES.includes(dev)) continue;
      hops.set(dst, { device: dev, source: prefsrc, via: gateway ?? dst });
    }
  return hops;
}
