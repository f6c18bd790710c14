/** By which of the node's interfaces the ranges behind it are reached. */
import { overlaps, parseCidr } from '@skein/mesh/ipam/cidr.ts';
import { z } from 'zod';
import { INTERFACES } from '../config.ts';

const TableJson = z.array(
  z.object({
    dst: z.string(),
    dev: z.string().optional(),
    nexthops: z.array(z.object({ dev: z.string().optional() })).optional(),
  }),
);

/**
 * Reads `ip -j -4 route show` and answers, sorted, the devices of all routes to parts of the ranges and of the narrowest
 * one around each. Our own interfaces and loopback lead to nothing behind the node.
 */
export function devicesTowards(table: string, cidrs: readonly string[]): string[] {
  const routes = TableJson.parse(JSON.parse(table || '[]')).map((route) => {
    const cidr =
      route.dst === 'default' ? '0.0.0.0/0' : route.dst.includes('/') ? route.dst : `${route.dst}/32`;
    const devices = [route.dev, ...(route.nexthops ?? []).map((hop) => hop.dev)];
    return { cidr, prefixLength: parseCidr(cidr).prefixLength, devices };
  });
  const found = new Set<string>();
  for (const cidr of cidrs) {
    const { prefixLength } = parseCidr(cidr);
    const meeting = routes.filter((route) => overlaps(route.cidr, cidr));
    const around = meeting.filter((route) => route.prefixLength <= prefixLength);
    const narrowest = Math.max(-1, ...around.map((route) => route.prefixLength));
    for (const route of meeting)
      if (route.prefixLength > prefixLength || route.prefixLength === narrowest)
        for (const device of route.devices)
          if (device !== undefined && device !== 'lo' && !INTERFACES.includes(device)) found.add(device);
  }
  return [...found].sort();
}
