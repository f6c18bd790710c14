/** The overlay interface's addresses and routes. Nothing outside that interface is looked at or changed. */
import type { MapSelf } from '@skein/contract/agent/map.ts';
import { contains } from '@skein/mesh/ipam/cidr.ts';
import { z } from 'zod';

export interface InterfaceState {
  up: boolean;
  mtu: number;
  /** `address/prefix`. */
  addresses: string[];
  /** Routes through the interface in the main table, other than those the kernel makes by itself. */
  routes: { destination: string; source: string | null }[];
}

const LinkJson = z.array(
  z.object({
    mtu: z.number(),
    flags: z.array(z.string()),
    addr_info: z.array(z.object({ family: z.string(), local: z.string().optional(), prefixlen: z.number() })),
  }),
);
const RouteJson = z.array(
  z.object({ dst: z.string(), prefsrc: z.string().optional(), protocol: z.string().optional() }),
);

/** Reads `ip -j addr show dev X` and `ip -j -4 route show dev X`. */
export function parseInterface(addresses: string, routes: string): InterfaceState {
  const link = LinkJson.parse(JSON.parse(addresses || '[]'))[0];
  return {
    up: link?.flags.includes('UP') ?? false,
    mtu: link?.mtu ?? 0,
    addresses: (link?.addr_info ?? [])
      .filter((one) => one.family === 'inet')
      .map((one) => `${one.local}/${one.prefixlen}`),
    routes: RouteJson.parse(JSON.parse(routes || '[]'))
      .filter((route) => route.protocol !== 'kernel')
      .map((route) => ({ destination: route.dst, source: route.prefsrc ?? null })),
  };
}

/**
 * Lines for `ip -batch -`, none where all is as it should be. Routes are added, never replaced: where the range is
 * already somebody else's route the batch fails, and that route stays.
 */
export function planInterface(self: MapSelf, current: InterfaceState, device: string): string[] {
  const address = `${self.overlayAddress}/32`;
  const isWanted = (route: { destination: string; source: string | null }) =>
    route.destination === self.overlayCidr && route.source === self.overlayAddress;
  const lines: string[] = [];
  for (const route of current.routes)
    if (!isWanted(route)) lines.push(`route del ${route.destination} dev ${device}`);
  for (const old of current.addresses) if (old !== address) lines.push(`address del ${old} dev ${device}`);
  if (current.mtu !== self.mtu) lines.push(`link set dev ${device} mtu ${self.mtu}`);
  if (!current.addresses.includes(address)) lines.push(`address add ${address} dev ${device}`);
  if (!current.up) lines.push(`link set dev ${device} up`);
  // A link that comes up, and an address that goes, lose their routes.
  if (!current.up || !current.addresses.includes(address) || !current.routes.some(isWanted))
    lines.push(`route add ${self.overlayCidr} dev ${device} src ${self.overlayAddress}`);
  return lines;
}

/** Why the overlay range cannot be routed on this node, or null. */
export function rangeConflict(
  overlayCidr: string,
  underlay: readonly { interface: string; address: string }[],
): string | null {
  const clash = underlay.find((one) => contains(overlayCidr, one.address));
  return clash
    ? `the network's range ${overlayCidr} holds ${clash.address}, which this node has on ${clash.interface}`
    : null;
}
