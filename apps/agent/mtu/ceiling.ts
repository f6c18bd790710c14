/** What the node's own side allows towards an underlay address: its interface's MTU, or what the kernel was told since. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Run } from '../host/command.ts';
import { ceilingOf, LARGEST } from './path.ts';

const RouteJson = z.array(
  z.object({ dev: z.string(), metrics: z.array(z.object({ mtu: z.number().optional() })).optional() }),
);

/** The answers of `ip -j -batch -` to `route get`, one line each; a line that cannot be read is left out. */
export function parseRoutes(text: string): ({ dev: string; mtu: number | null } | null)[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('['))
    .map((line) => {
      const [route] = RouteJson.safeParse(JSON.parse(line)).data ?? [];
      if (!route) return null;
      const told = (route.metrics ?? []).flatMap((metric) => metric.mtu ?? []);
      return { dev: route.dev, mtu: told.length > 0 ? Math.min(...told) : null };
    });
}

/** Inner sizes allowed towards each address; an address without a route is left out. Never throws. */
export async function ceilings(run: Run, addresses: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  const unique = [...new Set(addresses)];
  if (unique.length === 0) return found;
  // With -force one address without a route does not end the batch; it leaves no line, so it is asked alone.
  const all = await run(
    'ip',
    ['-j', '-batch', '-'],
    unique.map((address) => `route get ${address}\n`).join(''),
  );
  let routes = all.ok ? parseRoutes(all.output) : [];
  if (routes.length !== unique.length) {
    routes = [];
    for (const address of unique) {
      const one = await run('ip', ['-j', 'route', 'get', address]);
      routes.push(one.ok ? (parseRoutes(one.output)[0] ?? null) : null);
    }
  }
  for (const [index, address] of unique.entries()) {
    const route = routes[index];
    if (!route) continue;
    const device = Number(await readFile(`/sys/class/net/${route.dev}/mtu`, 'utf8').catch(() => ''));
    const mtu = Math.min(route.mtu ?? Number.POSITIVE_INFINITY, device || Number.POSITIVE_INFINITY);
    found.set(address, Number.isFinite(mtu) ? ceilingOf(mtu) : LARGEST);
  }
  return found;
}
