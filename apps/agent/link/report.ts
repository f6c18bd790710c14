/** How each tunnel is doing, for the coordinator and for `status`. */
import type { LinkReport } from '@skein/contract/agent/channel.ts';
import type { MapPeer } from '@skein/contract/agent/map.ts';
import type { Verdict } from '../route/ways.ts';
import { isFresh } from '../wireguard/handshakes.ts';
import type { TunnelPeer } from '../wireguard/state.ts';
import type { ProbeResult } from './probe.ts';

/**
 * One report per peer of the map, in its order.
 * @param tunnels those of all planes
 * @param now monotonic milliseconds
 */
export function reportLinks(
  peers: readonly MapPeer[],
  tunnels: readonly TunnelPeer[],
  probes: ReadonlyMap<string, ProbeResult>,
  verdicts: ReadonlyMap<string, Verdict>,
  now: number,
): LinkReport[] {
  const byKey = new Map(tunnels.map((peer) => [peer.key, peer]));
  return peers.map((peer) => {
    const tunnel = byKey.get(peer.wireguardKey);
    const probe = probes.get(peer.overlayAddress);
    const handshakeAt = tunnel?.lastHandshakeAt ?? null;
    const fresh = isFresh(tunnel, now);
    const isDead = verdicts.get(peer.id)?.live === false;
    const tried = (tunnel?.sentBytes ?? 0) > 0;
    return {
      peerId: peer.id,
      // A carrier that does not answer is down for its users, however fresh its handshake.
      state: !isDead && (fresh || probe) ? 'up' : tried ? 'down' : 'idle',
      endpoint: tunnel?.endpoint ?? null,
      lastHandshakeAt: handshakeAt === null ? null : new Date(handshakeAt).toISOString(),
      rttMilliseconds: probe?.rttMilliseconds ?? null,
      receivedBytes: tunnel?.receivedBytes ?? 0,
      sentBytes: tunnel?.sentBytes ?? 0,
    };
  });
}

/** What in a report is worth telling at once rather than at the next interval. */
export function gistOf(links: readonly LinkReport[]): string {
  return links
    .map((link) => `${link.peerId} ${link.state} ${link.endpoint} ${link.rttMilliseconds !== null}`)
    .join('\n');
}
