/**
 * Which of a peer's endpoints to use. The map's order is the wish; the kernel roams to wherever sealed packets come
 * from, and that is left alone. Only where a peer stays silent are its endpoints tried in turn.
 */
import type { Endpoint, MapPeer } from '@skein/contract/agent/map.ts';
import { isFresh } from './handshakes.ts';
import type { TunnelPeer } from './state.ts';

/** What was last chosen for a peer, and out of what. */
export interface Choice {
  /** The map's endpoints for the peer, as WireGuard writes them. */
  offered: readonly string[];
  index: number;
  /** Monotonic milliseconds. */
  chosenAt: number;
}

/** How long one endpoint is tried: three handshake attempts of 5 s. */
const TRY_SECONDS = 15;

/** An endpoint as WireGuard writes it: `203.0.113.7:51820`, `[2001:db8::7]:51820`. */
export function endpointText({ address, port }: Pick<Endpoint, 'address' | 'port'>): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** Address and port of such a text; an empty address where it is none. */
export function endpointParts(text: string): { address: string; port: number } {
  const [, six, four, port = '0'] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  return { address: six ?? four ?? '', port: Number(port) };
}

export function endpointsOf(peer: MapPeer): string[] {
  return peer.endpoints.map(endpointText);
}

/**
 * The choice for one peer at `now`, and the endpoint to set, or null where the device's own is to stay.
 * @param held what was chosen before, if anything; a daemon just started knows nothing
 * @param current the peer as the device has it, if it has
 * @param now monotonic milliseconds
 */
export function chooseEndpoint(
  peer: MapPeer,
  held: Choice | undefined,
  current: TunnelPeer | undefined,
  now: number,
): { choice: Choice; set: string | null } {
  const offered = endpointsOf(peer);
  const first = offered[0] ?? null;
  const start = (): { choice: Choice; set: string | null } => ({
    choice: { offered, index: 0, chosenAt: now },
    set: first === null || first === current?.endpoint ? null : first,
  });
  if (!current) return { choice: { offered, index: 0, chosenAt: now }, set: first };
  const alive = isFresh(current, now);
  if (!held) {
    // Found on a device that outlived an earlier daemon: what works stays.
    if (!alive || current.endpoint === null) return start();
    const index = Math.max(0, offered.indexOf(current.endpoint));
    return { choice: { offered, index, chosenAt: now }, set: null };
  }
  if (!sameTexts(held.offered, offered)) return start();
  if (alive || offered.length === 0 || now - held.chosenAt < TRY_SECONDS * 1000)
    return { choice: held, set: null };
  const index = (held.index + 1) % offered.length;
  const set = offered[index] ?? null;
  return { choice: { offered, index, chosenAt: now }, set: set === current.endpoint ? null : set };
}

export function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
