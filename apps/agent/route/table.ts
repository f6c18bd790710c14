/** The overlay's routes in the node's main table: read, and brought from what is there to what is wanted. */
import { isIPv6 } from 'node:net';
import type { Twins } from '@skein/mesh/ipam/twin.ts';
import { z } from 'zod';
import { INTERFACES, interfaceOf } from '../config.ts';
import type { SizedWay, Way } from './ways.ts';

/** Without planes it says that nothing goes there: whoever sends is told at once. */
export interface Route extends Way {
  /** The address that packets of this node bear. */
  source: string | null;
  /** Null where the interface's own holds. */
  mtu: number | null;
}

/** No link that carries less may carry IPv6 at all (RFC 8200, 5). */
const LEAST_SIX = 1280;
/**
 * Linux takes an IPv6 route over several interfaces only where each next hop has an address, and replaces at one instant
 * only like by like. Tunnels ask for none, so any will do.
 */
const HOP = 'via fe80::1';

const TableJson = z.array(
  z.object({
    type: z.string().optional(),
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

/**
 * Reads `ip -j -4 route show`, or `-6`: the routes through our interfaces, other than those the kernel makes by itself.
 * @param twins where it is IPv6: to tell which routes that lead nowhere are ours
 */
export function parseTable(text: string, twins?: Twins): Route[] {
  return TableJson.parse(JSON.parse(text || '[]')).flatMap((route) => {
    const devices = route.nexthops
      ? route.nexthops.flatMap((hop) => (hop.dev && !hop.flags?.includes('dead') ? [hop.dev] : []))
      : [route.dev ?? ''];
    const destination = route.dst.includes('/') ? route.dst : `${route.dst}/${twins ? 128 : 32}`;
    if (route.type === 'unreachable' && twins && route.dst !== 'default' && twins.origin(destination))
      return [{ destination, source: null, mtu: null, planes: [] }];
    const planes = devices.map((device) => INTERFACES.indexOf(device)).filter((plane) => plane >= 0);
    if (planes.length === 0 || route.protocol === 'kernel') return [];
    const mtu = route.metrics?.find((metric) => metric.mtu !== undefined)?.mtu ?? null;
    return [{ destination, source: route.prefsrc ?? null, mtu, planes: planes.sort((a, b) => a - b) }];
  });
}

/**
 * The route that makes a way. A path too narrow for IPv6 gets one that leads nowhere: programs turn to IPv4 at once,
 * where packets would vanish.
 */
export function routeOf({ destination, planes, mtu }: SizedWay, source: string): Route {
  const narrow = isIPv6(source) && mtu < LEAST_SIX;
  return narrow ? { destination, planes: [], source: null, mtu: null } : { destination, planes, source, mtu };
}

/**
 * Lines for `ip -batch -`, none where all is as it should be. A route of ours is replaced at one instant. What is not
 * there is added, never replaced: where the range is already somebody else's route the batch fails, and that route
 * stays. New and changed routes come before old ones go, so that no packet finds none.
 */
export function planTable(wanted: readonly SizedWay[], source: string, current: readonly Route[]): string[] {
  const there = new Map(current.map((route) => [route.destination, route]));
  const lines: string[] = [];
  for (const way of wanted) {
    const { destination, planes, source: from, mtu } = routeOf(way, source);
    const old = there.get(destination);
    there.delete(destination);
    if (old && old.source === from && old.mtu === mtu && old.planes.join() === planes.join()) continue;
    const verb = old ? 'replace' : 'add';
    const hop = (plane: number) =>
      isIPv6(source) ? `${HOP} dev ${interfaceOf(plane)} onlink` : `dev ${interfaceOf(plane)}`;
    const [only] = planes;
    if (only === undefined) lines.push(`route ${verb} unreachable ${destination}`);
    else if (planes.length === 1)
      lines.push(`route ${verb} ${destination} ${hop(only)} src ${from} mtu ${mtu}`);
    else
      lines.push(
        `route ${verb} ${destination} src ${from} mtu ${mtu} ${planes.map((plane) => `nexthop ${hop(plane)}`).join(' ')}`,
      );
  }
  for (const { destination, planes } of there.values())
    lines.push(`route del ${destination}${planes.length === 1 ? ` dev ${interfaceOf(planes[0] ?? 0)}` : ''}`);
  return lines;
}
