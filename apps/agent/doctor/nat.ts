/** What stands between this node and the world, told from where its peers see its packets come from. */
import type { PeerMeasure } from './facts.ts';

/**
 * `none`: seen as it is. `steady`: translated to one address and port for all, so that others can call it there.
 * `per-peer`: translated to another port or address for each peer, so that only it can call others. `unknown`: nobody
 * outside its own network told, or only one peer did.
 */
export type NatKind = 'none' | 'steady' | 'per-peer' | 'unknown';

/** @param own the node's underlay addresses */
export function natKind(own: readonly string[], peers: readonly PeerMeasure[]): NatKind {
  const outside = peers.filter(
    (peer) => peer.seenAs !== null && !['relayed', 'tls'].includes(peer.endpointKind ?? ''),
  );
  const isOwn = (seen: string) => own.includes(seen.replace(/:\d+$/, ''));
  const translated = outside.filter((peer) => !isOwn(peer.seenAs ?? ''));
  if (translated.length === 0)
    return outside.some((peer) => peer.endpointKind !== 'private') ? 'none' : 'unknown';
  // Each plane has a port of its own, so only what leaves by the same one can be compared.
  const byPlane = Map.groupBy(translated, (peer) => peer.plane);
  const differs = [...byPlane.values()].some((some) => new Set(some.map((peer) => peer.seenAs)).size > 1);
  if (differs) return 'per-peer';
  return [...byPlane.values()].some((some) => some.length > 1) ? 'steady' : 'unknown';
}
