/**
 * What agents say, on its way to the database: the newest report of each, written in batches. Memory is bounded by the
 * number of agents, and a slow database makes batches longer, not more.
 */
import type { ChannelContext } from '@skein/control/peer/enrol.ts';
import { markStale, notifyPresence, recordPresence } from '@skein/control/peer/presence.ts';
import { type PeerReport, recordReports } from '@skein/control/peer/report.ts';
import { say, wordsOf } from '../log.ts';

const WRITE_EVERY_MILLISECONDS = 250;
/** Watchers of a network are told of peers at most this often. */
const TELL_EVERY_MILLISECONDS = 1000;
const STALE_EVERY_MILLISECONDS = 30_000;
/** Reports written in one transaction. */
const MOST_REPORTS = 200;

type State = 'connected' | 'disconnected' | 'seen';

export class Inbox {
  readonly #context: ChannelContext;
  readonly #reports = new Map<string, Map<string, PeerReport>>();
  readonly #states = new Map<string, { networkId: string; state: State }>();
  readonly #untold = new Set<string>();
  readonly #timers: NodeJS.Timeout[];
  #writing: Promise<void> | null = null;

  constructor(context: ChannelContext) {
    this.#context = context;
    this.#timers = [
      setInterval(() => void this.flush(), WRITE_EVERY_MILLISECONDS),
      setInterval(() => void this.#tell(), TELL_EVERY_MILLISECONDS),
      setInterval(() => void this.#markStale(), STALE_EVERY_MILLISECONDS),
    ];
  }

  report(networkId: string, report: PeerReport): void {
    let reports = this.#reports.get(networkId);
    if (!reports) {
      reports = new Map();
      this.#reports.set(networkId, reports);
    }
    reports.set(report.peerId, report);
  }

  presence(networkId: string, peerId: string, state: State): void {
    // "Still there" adds nothing to a connection not yet written.
    if (state === 'seen' && this.#states.has(peerId)) return;
    this.#states.set(peerId, { networkId, state });
  }

  /** Writes all there is. Reports that fail are logged and dropped: every agent reports again soon. */
  async flush(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
    });
    await this.#writing;
  }

  async #write(): Promise<void> {
    const { database } = this.#context;
    const states = [...this.#states];
    this.#states.clear();
    const ids = (wanted: State) => states.filter(([, { state }]) => state === wanted).map(([id]) => id);
    if (states.length > 0) {
      const batch = { connected: ids('connected'), seen: ids('seen'), disconnected: ids('disconnected') };
      const written = await this.#trying('presence not written', () =>
        recordPresence(database, batch, this.#context.now()),
      );
      for (const [id, told] of states) {
        // Nobody says it again, so what was not written waits for the next time, unless there is newer.
        if (!written && !this.#states.has(id)) this.#states.set(id, told);
        if (written && told.state !== 'seen') this.#untold.add(told.networkId);
      }
    }
    const networks = [...this.#reports];
    this.#reports.clear();
    for (const [networkId, byPeer] of networks) {
      const reports = [...byPeer.values()];
      for (let first = 0; first < reports.length; first += MOST_REPORTS) {
        const batch = reports.slice(first, first + MOST_REPORTS);
        await this.#trying('reports not written', () => recordReports(this.#context, networkId, batch));
      }
      this.#untold.add(networkId);
    }
  }

  async #tell(): Promise<void> {
    const networkIds = [...this.#untold];
    this.#untold.clear();
    if (networkIds.length > 0)
      await this.#trying('presence not told', () => notifyPresence(this.#context.database, networkIds));
  }

  async #markStale(): Promise<void> {
    await this.#trying('stale peers not marked', async () => {
      for (const networkId of await markStale(this.#context.database, this.#context.now()))
        this.#untold.add(networkId);
    });
  }

  /** Whether the work was done. */
  async #trying(failure: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      say(failure, { error: wordsOf(error) });
      return false;
    }
  }

  /** Stops the clocks and writes what is left. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.flush();
    await this.flush();
    await this.#tell();
  }
}
