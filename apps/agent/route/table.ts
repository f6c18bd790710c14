/** The overlay's routes in the node's main table: read, and brought from what is there to what is wanted. */
import { z } from 'zod';
import { INTERFACES, interfaceOf } from '../config.ts';
import type { SizedWay, Way } from './ways.ts';

export interface Route extends Way {
  /** The address that packets of this node bear. */
  source: string | null;
  /** Null where the interface's own holds. */
  mtu: number | null;
}

const TableJson = z.array(
  z.object({
    dst: z.string(),
    dev: z.string().optional(),
    prefsrc: z.string().optional(),
    protocol: z.string().optional(),
    metrics: z.array(z.object({ mtu: z.number().optional() })).optional(),
    nexthops: z
      .array(z.object({ dev: z.string().optional(), flags: z.array(z.string()).optional() }))
      .optional(),
  }),
);

/** Reads `ip -j -4 route show`: the routes through our interfaces, other than those the kernel makes by itself. */
export function parseTable(text: string): Route[] {
  return TableJson.parse(JSON.parse(text || '[]')).flatMap((route) => {
    const devices = route.nexthops
      ? route.nexthops.flatMap((hop) => (hop.dev && !hop.flags?.includes('dead') ? [hop.dev] : []))
      : [route.dev ?? ''];
    const planes = devices.map((device) => INTERFACES.indexOf(device)).filter((plane) => plane >= 0);
    if (planes.length === 0 || route.protocol === 'kernel') return [];
    const destination = route.dst.includes('/') ? route.dst : `${route.dst}/32`;
    const mtu = route.metrics?.find((metric) => metric.mtu !== undefined)?.mtu ?? null;
    return [{ destination, source: route.prefsrc ?? null, mtu, planes: planes.sort((a, b) => a - b) }];
  });
}

/**
 * Lines for `ip -batch -`, none where all is as it should be. A route of ours is replaced at one instant. What is not
 * there is added, never replaced: where the range is already somebody else's route the batch fails, and that route
 * stays. New and changed routes come before old ones go, so that no packet finds none.
 */
export function planTable(wanted: readonly SizedWay[], source: string, current: readonly Route[]): string[] {
  const there = new Map(current.map((route) => [route.destination, route]));
  const lines: string[] = [];
  for (const { destination, planes, mtu } of wanted) {
    const old = there.get(destination);
    there.delete(destination);
    if (old && old.source === source && old.mtu === mtu && old.planes.join() === planes.join()) continue;
    const [only = 0] = planes;
    const hops =
      planes.length === 1
        ? `dev ${interfaceOf(only)} src ${source} mtu ${mtu}`
        : `src ${source} mtu ${mtu} ${planes.map((plane) => `nexthop dev ${interfaceOf(plane)}`).join(' ')}`;
    lines.push(`route ${old ? 'replace' : 'add'} ${destination} ${hops}`);
  }
  for (const { destination, planes } of there.values())
    lines.push(`route del ${destination}${planes.length === 1 ? ` dev ${interfaceOf(planes[0] ?? 0)}` : ''}`);
  return lines;
}
