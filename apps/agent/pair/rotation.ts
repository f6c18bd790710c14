/**
 * When this node's WireGuard key is replaced, and what is the next thing to do about it. Pure; every step may be asked
 * for again, and a node that stops at any point goes on from what it keeps and what its map says.
 */
import type { MapSelf } from '@skein/contract/agent/map.ts';

export const KEY_SECONDS = 24 * 3600;
/** Peers that do not say that they know the new key are waited for so long. */
export const WAIT_SECONDS = 60;

export type RotationStep = 'rest' | 'make' | 'announce' | 'wait' | 'move';

/**
 * @param keys public keys: in use, and made for later
 * @param ageSeconds of the key in use
 * @param jitter a number in [0, 1) of this node's own, so that a network's nodes do not all change at once
 * @param waiting peers that are up and have not said that they know the new key
 */
export function rotationStep(
  self: Pick<MapSelf, 'wireguardKey' | 'nextWireguardKey' | 'retiredKey'>,
  keys: { now: string; next: string | null },
  ageSeconds: number,
  jitter: number,
  waiting: { peers: number; seconds: number },
): RotationStep {
  if (self.wireguardKey !== keys.now || self.nextWireguardKey !== keys.next) return 'announce';
  if (keys.next === null)
    return self.retiredKey === keys.now || ageSeconds > KEY_SECONDS * (0.75 + 0.5 * jitter) ? 'make' : 'rest';
  return waiting.peers === 0 || waiting.seconds >= WAIT_SECONDS ? 'move' : 'wait';
}
