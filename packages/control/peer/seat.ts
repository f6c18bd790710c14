import { MAX_PLANES } from '@skein/contract/agent/map.ts';

/** The first seat that none of a cluster's gateways has; null where all are taken, and the next gateway works as a member. */
export function freeSeat(taken: readonly (number | null)[]): number | null {
  for (let seat = 0; seat < MAX_PLANES; seat += 1) if (!taken.includes(seat)) return seat;
  return null;
}
