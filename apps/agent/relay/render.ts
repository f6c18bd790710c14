/**
 * Relaying for pairs of peers, as nftables text: packets are turned round where they enter the node, before its own
 * firewall and routing, by the kernel alone.
 *
 * Only a peer's own addresses get in. From which port of its NAT a peer sends is learnt from its packets, which must
 * look like WireGuard's or our probes; what was learnt is asked anew every ten seconds, so that a peer may move, and
 * an allocation that runs out ends in the kernel whether or not the agent lives.
 */
import { createHash } from 'node:crypto';
import type { MapAllocation } from '@skein/contract/agent/map.ts';
import { RELAY_PORTS } from '@skein/mesh/relay/plan.ts';

export const TABLE = 'netdev skein_relay';
const LIVE_SECONDS = 10;
/** Longer than any keepalive, shorter than a NAT gives a port to somebody else. */
const HEARD_SECONDS = 180;
/** What a sender may have waiting at its rate, in milliseconds. */
const BURST_MILLISECONDS = 200;
/** The first four bytes of WireGuard's four messages, and of a probe of paths (`skn1`). */
const FIRST_BYTES = '0x01000000, 0x02000000, 0x03000000, 0x04000000, 0x736b6e31';

/** How the kernel reaches an address: by which interface, from which address of ours, and over whom. */
export interface Hop {
  device: string;
  source: string;
  via: string;
}

/**
 * The whole table as one transaction for `nft -f -`.
 * @param hops by address; a peer's address that is not among them cannot be reached and is left out
 * @param now milliseconds since 1970
 */
export function renderRelay(
  allocations: readonly MapAllocation[],
  hops: ReadonlyMap<string, Hop>,
  now: number,
): string {
  const devices = devicesOf(hops);
  const out = [...devices.keys()];
  const lines = [
    `table ${TABLE}`,
    `delete table ${TABLE}`,
    `table ${TABLE} {`,
    `  chain ${markOf(allocations, hops)} {`,
    '  }',
    '  set allowed {',
    '    type ipv4_addr . inet_service',
    '    flags timeout',
    '    size 65535',
    '  }',
    ...ratesOf(allocations).flatMap((rate) => [
      `  set at_${rate} {`,
      '    type inet_service',
      '    size 65535',
      '  }',
    ]),
    '  set live {',
    '    type ipv4_addr . inet_service . inet_service',
    '    flags dynamic,timeout',
    `    timeout ${LIVE_SECONDS}s`,
    '    size 65535',
    '  }',
    '  map heard_address {',
    '    type inet_service : ipv4_addr',
    '    flags dynamic,timeout',
    `    timeout ${HEARD_SECONDS}s`,
    '    size 65535',
    '  }',
    '  map heard_port {',
    '    type inet_service : inet_service',
    '    flags dynamic,timeout',
    `    timeout ${HEARD_SECONDS}s`,
    '    size 65535',
    '  }',
    '  map hops {',
    '    type ipv4_addr : ipv4_addr',
    '    size 65535',
    '  }',
    ...(out.length > 1 ? ['  map out {', '    type ipv4_addr : verdict', '    size 65535', '  }'] : []),
    ...out.flatMap((device, index) => [
      `  chain out_${index} {`,
      `    ip saddr set ${devices.get(device)} fwd ip to ${viaOf(hops, device)} device "${device}"`,
      '    counter drop',
      '  }',
    ]),
    '  chain pass {',
    // One rule: where one lookup finds nothing, nothing after it must happen.
    '    ip daddr set udp dport map @heard_address udp sport set udp dport ^ 1' +
      ` udp dport set udp dport map @heard_port ${out.length > 1 ? 'ip daddr vmap @out' : 'goto out_0'}`,
    '    counter drop',
    '  }',
    '  chain learn {',
    `    @th,64,32 != { ${FIRST_BYTES} } counter drop`,
    // What is held under a key is changed by taking it out first.
    '    delete @heard_address { udp dport ^ 1 : ip saddr }',
    '    delete @heard_port { udp dport ^ 1 : udp sport }',
    '    update @heard_address { udp dport ^ 1 : ip saddr }',
    '    update @heard_port { udp dport ^ 1 : udp sport }',
    // Here too a sender beyond its rate finds no way on: the element it has already says so.
    ...ratesOf(allocations).map(
      (rate) =>
        `    udp dport @at_${rate} update @live { ip saddr . udp sport . udp dport` +
        ` limit rate ${rate} kbytes/second burst ${burstOf(rate)} kbytes } goto pass`,
    ),
    '    counter drop',
    '  }',
    '  chain relay {',
    '    ip saddr . udp sport . udp dport @live goto pass',
    '    ip saddr . udp dport @allowed goto learn',
    '    counter drop',
    '  }',
    ...out.flatMap((device, index) => [
      `  chain in_${index} {`,
      `    type filter hook ingress device "${device}" priority 0; policy accept;`,
      `    ip daddr ${devices.get(device)} udp dport ${RELAY_PORTS.first}-${RELAY_PORTS.last} goto relay`,
      '  }',
    ]),
    '}',
    ...elements(allocations, hops, now),
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * Other allocations in a table whose chains may stay: what was learnt stays too, so that no pair that is relayed
 * already loses a packet. Null where the chains must change.
 */
export function renderRelayChange(
  before: readonly MapAllocation[],
  after: readonly MapAllocation[],
  hops: { before: ReadonlyMap<string, Hop>; after: ReadonlyMap<string, Hop> },
  now: number,
): string | null {
  const same =
    ratesOf(before).join() === ratesOf(after).join() &&
    shapeOf(hops.before) === shapeOf(hops.after) &&
    [...devicesOf(hops.after).keys()].every(
      (device) => viaOf(hops.before, device) === viaOf(hops.after, device),
    );
  if (!same || markOf(before, hops.before) === markOf(after, hops.after)) return null;
  const owners = new Map(before.map((one) => [one.port, one.id]));
  const reused = after.some(({ port, id }) => owners.has(port) && owners.get(port) !== id);
  const flushed = ['allowed', 'live', ...ratesOf(after).map((rate) => `at_${rate}`)];
  const maps = [
    'hops',
    ...(devicesOf(hops.after).size > 1 ? ['out'] : []),
    // Ports that are another pair's now must not lead to those who had them.
    ...(reused ? ['heard_address', 'heard_port'] : []),
  ];
  return `${[
    ...flushed.map((set) => `flush set ${TABLE} ${set}`),
    ...maps.map((map) => `flush map ${TABLE} ${map}`),
    ...elements(after, hops.after, now),
    `delete chain ${TABLE} ${markOf(before, hops.before)}`,
    `add chain ${TABLE} ${markOf(after, hops.after)}`,
  ].join('\n')}\n`;
}

/** Names the chain by which an applied table is known again. */
export function markOf(allocations: readonly MapAllocation[], hops: ReadonlyMap<string, Hop>): string {
  const text = JSON.stringify([allocations, [...hops].sort(([a], [b]) => (a < b ? -1 : 1))]);
  return `applied_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

function elements(
  allocations: readonly MapAllocation[],
  hops: ReadonlyMap<string, Hop>,
  now: number,
): string[] {
  const devices = [...devicesOf(hops).keys()];
  const add = (name: string, list: readonly string[]) =>
    list.length > 0 ? [`add element ${TABLE} ${name} { ${list.join(', ')} }`] : [];
  const living = allocations
    .map((one) => ({ ...one, seconds: Math.floor((Date.parse(one.until) - now) / 1000) }))
    .filter((one) => one.seconds > 0);
  return [
    ...add(
      'allowed',
      living.flatMap(({ addresses, port, seconds }) =>
        addresses.flatMap((list, side) =>
          list
            .filter((address) => hops.has(address))
            .map((address) => `${address} . ${port + side} timeout ${seconds}s`),
        ),
      ),
    ),
    ...ratesOf(allocations).flatMap((rate) =>
      add(
        `at_${rate}`,
        living
          .filter((one) => one.kilobytesPerSecond === rate)
          .flatMap(({ port }) => [`${port}`, `${port + 1}`]),
      ),
    ),
    ...add(
      'hops',
      [...hops].map(([address, hop]) => `${address} : ${hop.via}`),
    ),
    ...(devices.length > 1
      ? add(
          'out',
          [...hops].map(([address, hop]) => `${address} : goto out_${devices.indexOf(hop.device)}`),
        )
      : []),
  ];
}

/** Interfaces by which peers are reached, with our address on each. */
function devicesOf(hops: ReadonlyMap<string, Hop>): Map<string, string> {
  const devices = [...hops.values()].map((hop) => [hop.device, hop.source] as const);
  return new Map(devices.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function shapeOf(hops: ReadonlyMap<string, Hop>): string {
  return JSON.stringify([...devicesOf(hops)]);
}

/** The one neighbour over whom everybody is reached, as in most clouds; else it is looked up. */
function viaOf(hops: ReadonlyMap<string, Hop>, device: string): string {
  const vias = new Set([...hops.values()].filter((hop) => hop.device === device).map((hop) => hop.via));
  const [via] = vias;
  return vias.size === 1 && via !== undefined ? via : 'ip daddr map @hops';
}

function ratesOf(allocations: readonly MapAllocation[]): number[] {
  return [...new Set(allocations.map((one) => one.kilobytesPerSecond))].sort((a, b) => a - b);
}

function burstOf(rate: number): number {
  return Math.max(64, Math.round((rate * BURST_MILLISECONDS) / 1000));
}
