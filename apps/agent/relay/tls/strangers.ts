/**
 * Connections that have not said who they are: so many at once, so many of one address, for so long. Where there are
 * too many, the one that has been waiting longest goes, so that nobody keeps others out by coming often.
 */

const MOST = 128;
/** Several peers may come from behind one NAT. */
const MOST_OF_ONE = 16;
const SECONDS = 10;

interface Connection {
  readonly remotePort?: number | undefined;
}

export interface Strangers<C extends Connection> {
  enter(connection: C, address: string): void;
  leave(connection: C): void;
  /** Whoever comes from there has shown who it is. */
  known(address: string, port: number): void;
  /** Ends those that took too long. */
  sweep(): void;
}

/** @param clock monotonic milliseconds */
export function newStrangers<C extends Connection>(
  clock: () => number,
  end: (connection: C) => void,
): Strangers<C> {
  /** Oldest first. */
  const waiting = new Map<C, { address: string; since: number }>();
  const drop = (connection: C | undefined) => {
    if (!connection) return;
    waiting.delete(connection);
    end(connection);
  };
  return {
    enter: (connection, address) => {
      const same = [...waiting].filter(([, one]) => one.address === address).map(([one]) => one);
      if (same.length >= MOST_OF_ONE) drop(same[0]);
      if (waiting.size >= MOST) drop([...waiting.keys()][0]);
      waiting.set(connection, { address, since: clock() });
    },
    leave: (connection) => waiting.delete(connection),
    known: (address, port) => {
      for (const [connection, one] of waiting)
        if (one.address === address && connection.remotePort === port) waiting.delete(connection);
    },
    sweep: () => {
      for (const [connection, { since }] of [...waiting])
        if (clock() - since > SECONDS * 1000) drop(connection);
    },
  };
}
