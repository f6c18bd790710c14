/** What the node's own side allows towards an underlay address: its interface's MTU, or what the kernel was told since. */
import { isIPv6 } from 'node:net';
import { z } from 'zod';
import type { Run } from '../host/command.ts';
import { ceilingOf, LARGEST } from './path.ts';

const LinkJson = z.array(z.object({ ifname: z.string(), mtu: z.number() }));
const RouteJson = z.array(
  z.object({ dev: z.string(), metrics: z.array(z.object({ mtu: z.number().optional() })).optional() }),
);

/**
 * The underlay's MTU towards each address asked about, in order, from what `ip -j -batch -` answers to `link show` and one
 * `route get` each, a line apiece. Null where there is no route.
 */
export function parseRoutes(text: string): (number | null)[] {
  const [first = '[]', ...rest] = text.split('\n').filter((line) => line.startsWith('['));
  const links = new Map(LinkJson.parse(JSON.parse(first)).map((link) => [link.ifname, link.mtu]));
  return rest.map((line) => {
    const [route] = RouteJson.safeParse(JSON.parse(line)).data ?? [];
    if (!route) return null;
    // What routers told the kernel, or a person wrote beside the route, is below what the link allows.
    const told = (route.metrics ?? []).flatMap((metric) => metric.mtu ?? []);
    return Math.min(links.get(route.dev) ?? LARGEST, ...told);
  });
}

/** Inner sizes allowed towards each address; an address without a route is left out. Never throws. */
export async function ceilings(run: Run, addresses: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  const look = async (some: readonly string[]) => {
    const lines = ['link show', ...some.map((address) => `route get ${address}`)];
    const ran = await run('ip', ['-j', '-batch', '-'], `${lines.join('\n')}\n`);
    const mtus = ran.ok ? parseRoutes(ran.output) : [];
    if (mtus.length !== some.length) return false;
    for (const [index, address] of some.entries()) {
      const mtu = mtus[index];
      if (mtu) found.set(address, ceilingOf(mtu, isIPv6(address)));
    }
    return true;
  };
  const unique = [...new Set(addresses)];
  if (unique.length === 0) return found;
  // One address without a route ends the batch: then each is asked alone.
  if (!(await look(unique))) for (const address of unique) await look([address]);
  return found;
}
