/**
 * When tunnels last shook hands, on a clock that does not jump. A device tells it by the wall clock, which may be wrong and
 * be set while we look: it is believed once, for what is older than the first look; then it is what changes that counts.
 */
import type { TunnelPeer, TunnelState } from './state.ts';

/** Longest age of a handshake in a tunnel that is in use (WireGuard paper, REJECT_AFTER_TIME). */
const FRESH_SECONDS = 180;

/** For one device: dates what is seen of it at each look, at `now` in monotonic milliseconds and `wall` since 1970. */
export function newHandshakes(): (state: TunnelState, now: number, wall: number) => TunnelState {
  let seen = new Map<string, { told: number | null; shookAt: number | null }>();
  let lookedAt = 0;
  return (state, now, wall) => {
    const before = seen;
    seen = new Map();
    const peers = state.peers.map((peer) => {
      const told = peer.lastHandshakeAt;
      const held = before.get(peer.key);
      const longest = held ? now - lookedAt : Number.POSITIVE_INFINITY;
      const shookAt =
        told === null ? null : held?.told === told ? held.shookAt : now - clamp(wall - told, 0, longest);
      seen.set(peer.key, { told, shookAt });
      return { ...peer, shookAt };
    });
    lookedAt = now;
    return { ...state, peers };
  };
}

/** Whether the tunnel has a session now. @param now monotonic milliseconds */
export function isFresh(tunnel: TunnelPeer | undefined, now: number): boolean {
  return tunnel?.shookAt != null && now - tunnel.shookAt < FRESH_SECONDS * 1000;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
