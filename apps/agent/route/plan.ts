/** An overlay interface's address, MTU and state. Nothing outside our interfaces is looked at or changed. */
import { contains } from '@skein/mesh/ipam/cidr.ts';
import { z } from 'zod';

export interface InterfaceState {
  up: boolean;
  mtu: number;
  /** `address/prefix`. */
  addresses: string[];
}

const LinkJson = z.array(
  z.object({
    mtu: z.number(),
    flags: z.array(z.string()),
    addr_info: z.array(z.object({ family: z.string(), local: z.string().optional(), prefixlen: z.number() })),
  }),
);

/** Reads `ip -j addr show dev X`. */
export function parseInterface(addresses: string): InterfaceState {
  const link = LinkJson.parse(JSON.parse(addresses || '[]'))[0];
  return {
    up: link?.flags.includes('UP') ?? false,
    mtu: link?.mtu ?? 0,
    addresses: (link?.addr_info ?? [])
      .filter((one) => one.family === 'inet')
      .map((one) => `${one.local}/${one.prefixlen}`),
  };
}

/**
 * Lines for `ip -batch -`, none where all is as it should be. Every plane bears the one address: where an interface has
 * none, Linux lets nothing in by it whose way back it does not lead to, however loose its `rp_filter` is.
 */
export function planInterface(
  wanted: { address: string; mtu: number },
  current: InterfaceState,
  device: string,
): string[] {
  const address = `${wanted.address}/32`;
  const lines: string[] = [];
  for (const old of current.addresses) if (old !== address) lines.push(`address del ${old} dev ${device}`);
  if (current.mtu !== wanted.mtu) lines.push(`link set dev ${device} mtu ${wanted.mtu}`);
  if (!current.addresses.includes(address)) lines.push(`address add ${address} dev ${device}`);
  if (!current.up) lines.push(`link set dev ${device} up`);
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
