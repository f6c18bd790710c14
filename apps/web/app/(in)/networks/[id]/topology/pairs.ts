/** Links as people see them: one line between two peers, from what both ends report. */
import type { Link } from '@skein/contract/rest/peer.ts';

export interface Pair {
  /** The two peer ids in order, so that a pair has one name. */
  id: string;
  a: string;
  b: string;
  state: Link['state'];
  /** Mean of what the ends measured; null when neither did. */
  rttMilliseconds: number | null;
  links: Link[];
}

/** `down` when an end says so, `up` when all that spoke say so, else `idle`. Sorted by id. */
export function pairsOf(links: readonly Link[]): Pair[] {
  const byPair = new Map<string, Link[]>();
  for (const link of links) {
    const key = [link.from, link.to].sort().join(' ');
    byPair.set(key, [...(byPair.get(key) ?? []), link]);
  }
  return [...byPair]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([id, both]) => {
      const [a = '', b = ''] = id.split(' ');
      const states = both.map((link) => link.state);
      const measured = both.flatMap((link) => link.rttMilliseconds ?? []);
      return {
        id,
        a,
        b,
        state: states.includes('down') ? 'down' : states.every((state) => state === 'up') ? 'up' : 'idle',
        rttMilliseconds: measured.length
          ? measured.reduce((sum, one) => sum + one, 0) / measured.length
          : null,
        links: both,
      };
    });
}
