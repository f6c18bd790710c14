/** An overlay interface's address, MTU and state. Nothing outside our interfaces is looked at or changed. */
import { contains } from '@skein/mesh/ipam/cidr.ts';
import { z } from 'zod';

export interface InterfaceState {
  up: boolean;
  mtu: number;
  /** `address/prefix`: IPv4, and IPv6 but for those that are for the link alone. */
  addresses: string[];
  six: string[];
}

const LinkJson = z.array(
  z.object({
    mtu: z.number(),
    flags: z.array(z.string()),
    addr_info: z.array(
      z.object({
        family: z.string(),
        local: z.string().optional(),
        prefixlen: z.number(),
        scope: z.string().optional(),
      }),
    ),
  }),
);

/** Reads `ip -j addr show dev X`. */
export function parseInterface(addresses: string): InterfaceState {
  const link = LinkJson.parse(JSON.parse(addresses || '[]'))[0];
  const of = (family: string) =>
    (link?.addr_info ?? [])
      .filter((one) => one.family === family && one.scope !== 'link')
      .map((one) => `${one.local}/${one.prefixlen}`);
  return {
    up: link?.flags.includes('UP') ?? false,
    mtu: link?.mtu ?? 0,
    addresses: of('inet'),
    six: of('inet6'),
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

/** The same for the interface's IPv6 address alone, in lines of their own: IPv4 must not wait for them. */
export function planSix(address: string | null, current: InterfaceState, device: string): string[] {
  const wanted = address && `${address}/128`;
  return [
    ...current.six.filter((old) => old !== wanted).map((old) => `address del ${old} dev ${device}`),
    ...(wanted && !current.six.includes(wanted) ? [`address add ${wanted} dev ${device} nodad`] : []),
  ];
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
