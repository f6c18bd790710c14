/** Tells tunnels that stay silent although packets go in. Looks at what changes, never at the wall clock. */
import type { TunnelPeer } from '../wireguard/state.ts';

/** A session that is used renews itself in less than this (WireGuard paper, REJECT_AFTER_TIME). */
const SESSION_SECONDS = 180;
/** A tunnel that never shook hands, tried for so long. */
const FIRST_SECONDS = 20;
/** Packets went in within this: more than the time between two looks. */
const SENT_SECONDS = 15;
/** While it is silent: how long it is tried under one of two keys. */
const OTHER_SECONDS = 30;

interface Seen {
  handshakeAt: number | null;
  /** When that was first seen; for a tunnel without one, when the tunnel was. */
  since: number;
  received: number;
  receivedAt: number;
  sent: number;
  sentAt: number;
  turnAt: number;
}

/** @returns what to ask at each look; times are monotonic seconds */
export function newSilence() {
  const seen = new Map<string, Seen>();
  return {
    look: (
      peerId: string,
      tunnel: TunnelPeer,
      now: number,
    ): { isUp: boolean; isSilent: boolean; tryOther: boolean } => {
      const last = seen.get(peerId);
      const { lastHandshakeAt: handshakeAt, receivedBytes: received, sentBytes: sent } = tunnel;
      const shook = last !== undefined && handshakeAt !== null && handshakeAt !== last.handshakeAt;
      const next: Seen = {
        handshakeAt,
        since: !last || shook ? now : last.since,
        received,
        receivedAt: !last || received > last.received ? now : last.receivedAt,
        sent,
        sentAt: last && sent > last.sent ? now : (last?.sentAt ?? Number.NEGATIVE_INFINITY),
        turnAt: !last || shook ? now : last.turnAt,
      };
      seen.set(peerId, next);
      const limit = handshakeAt === null ? FIRST_SECONDS : SESSION_SECONDS;
      const isSilent =
        now - next.since > limit && now - next.receivedAt > FIRST_SECONDS && now - next.sentAt < SENT_SECONDS;
      const tryOther = isSilent && now - next.turnAt > OTHER_SECONDS;
      if (tryOther) next.turnAt = now;
      return { isUp: handshakeAt !== null && now - next.since < SESSION_SECONDS, isSilent, tryOther };
    },
  };
}
