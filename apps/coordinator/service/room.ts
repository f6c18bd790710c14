/**
 * The services of one network as this process serves them: each merged once, seen once by each cluster that follows it,
 * and told to those agents alone that follow it. An agent is sent one frame at a time; what changes meanwhile is one mark.
 */
import type { FollowFrame, HealthCheck, ServicesChange } from '@skein/contract/agent/service.ts';
import { checksFor } from '@skein/control/service/checks.ts';
import { loadServices } from '@skein/control/service/load.ts';
import { pulseOf } from '@skein/control/service/pulse.ts';
import type { Database } from '@skein/database/client.ts';
import type { ServiceCluster } from '@skein/mesh/services/export.ts';
import { type MergedService, mergeExports } from '@skein/mesh/services/merge.ts';
import { newsBetween } from '@skein/mesh/services/news.ts';
import { type ServiceView, viewOf } from '@skein/mesh/services/view.ts';

/** An agent's channel as services see it. */
export interface Follower {
  readonly peerId: string;
  readonly clusterId: string;
  services(
    news: { changes: ServicesChange[]; upTo: number | null; kubernetes: boolean; checks?: HealthCheck[] },
    sent: () => void,
  ): void;
}

/** JSON of the changes in one frame, about. A change alone may be larger, and is far from a frame's limit. */
const FRAME_BYTES = 512 * 1024;

interface State {
  namespaces: Set<string>;
  names: Set<string>;
  /** What the agent knows once what was sent has arrived. */
  told: Map<string, ServiceView | null>;
  follows: number;
  /** Up to which of its `services-follow` all was said; null before the first. */
  upTo: number | null;
  checks: string;
  kubernetes: boolean | null;
  sending: boolean;
  /** Services to look at when that frame has left; all where null. */
  marked: Set<string> | null;
}

export class ServiceRoom {
  readonly networkId: string;
  readonly #database: Database;
  readonly #now: () => Date;
  readonly #followers = new Map<Follower, State>();
  #clusters = new Map<string, ServiceCluster>();
  readonly #merged = new Map<string, MergedService>();
  readonly #views = new WeakMap<MergedService, Map<string, ServiceView>>();
  #checks = new Map<string, HealthCheck[]>();
  #loaded = false;
  #pulse: string | null = null;
  /** What is to be loaded next; all where null. */
  #wanted: Set<string> | null = new Set();
  #loading: Promise<void> | null = null;

  constructor(database: Database, networkId: string, now: () => Date) {
    this.#database = database;
    this.networkId = networkId;
    this.#now = now;
  }

  get size(): number {
    return this.#followers.size;
  }

  async follow(follower: Follower, { namespaces, names }: FollowFrame): Promise<void> {
    const state = this.#followers.get(follower) ?? newState();
    const isNew = !this.#followers.has(follower);
    state.namespaces = new Set(namespaces);
    state.names = new Set(names);
    state.follows += 1;
    this.#followers.set(follower, state);
    // Its own checks are not among those that were loaded for others.
    if (isNew || !this.#loaded) await this.reload(this.#loaded ? [] : null);
    this.#tell(follower, state, null);
  }

  leave(follower: Follower): void {
    this.#followers.delete(follower);
  }

  /** Reads these services again, or all, and tells who follows them. Calls while one reads lead to one more round. */
  async reload(keys: readonly string[] | null): Promise<void> {
    if (keys === null) this.#wanted = null;
    else for (const key of keys) this.#wanted?.add(key);
    this.#loading ??= this.#run();
    await this.#loading;
  }

  /** Looks whether anybody fell silent or came back. */
  async beat(): Promise<void> {
    if (this.#followers.size === 0) return;
    const pulse = await pulseOf(this.#database, this.networkId, this.#now());
    if (pulse === this.#pulse) return;
    this.#pulse = pulse;
    await this.reload(null);
  }

  async #run(): Promise<void> {
    await null;
    try {
      for (let first = true; first || this.#wanted === null || this.#wanted.size > 0; first = false) {
        const keys = this.#wanted && [...this.#wanted];
        this.#wanted = new Set();
        await this.#load(keys).catch((error) => {
          // What was not read is read with the next news, or the next beat.
          if (keys === null) this.#wanted = null;
          else for (const key of keys) this.#wanted?.add(key);
          this.#pulse = null;
          throw error;
        });
      }
    } finally {
      this.#loading = null;
    }
  }

  async #load(keys: readonly string[] | null): Promise<void> {
    const peerIds = [...this.#followers.keys()].map(({ peerId }) => peerId);
    const [{ clusters, sources }, checks] = await Promise.all([
      loadServices(this.#database, this.networkId, keys, this.#now()),
      checksFor(this.#database, this.networkId, peerIds),
    ]);
    const named = JSON.stringify([...this.#clusters.values()]);
    this.#clusters = new Map(clusters.map((cluster) => [cluster.id, cluster]));
    this.#checks = checks;
    const touched = new Set<string>();
    for (const key of keys ?? new Set([...this.#merged.keys(), ...sources.keys()])) {
      const merged = mergeExports(sources.get(key) ?? []);
      const before = this.#merged.get(key);
      if (JSON.stringify(before) === JSON.stringify(merged)) continue;
      touched.add(key);
      if (merged) this.#merged.set(key, merged);
      else this.#merged.delete(key);
    }
    const all = !this.#loaded || named !== JSON.stringify(clusters);
    this.#loaded = true;
    for (const [follower, state] of this.#followers) this.#tell(follower, state, all ? null : touched);
  }

  #tell(follower: Follower, state: State, keys: ReadonlySet<string> | null): void {
    if (!this.#followers.has(follower) || !this.#loaded) return;
    if (state.sending) {
      state.marked = keys === null || state.marked === null ? null : new Set([...state.marked, ...keys]);
      return;
    }
    const changes = [...(keys ?? this.#concerning(state))].flatMap((key) =>
      this.#newsOf(follower, state, key),
    );
    const checks = this.#checks.get(follower.peerId) ?? [];
    const newChecks = JSON.stringify(checks) !== state.checks;
    state.checks = JSON.stringify(checks);
    const kubernetes = this.#clusters.get(follower.clusterId)?.kubernetes ?? false;
    const newKind = state.kubernetes !== kubernetes;
    state.kubernetes = kubernetes;
    const answers = keys === null && state.upTo !== state.follows;
    if (changes.length === 0 && !newChecks && !newKind && !answers) return;
    if (keys === null) state.upTo = state.follows;
    const frames = inFrames(changes);
    state.sending = true;
    state.marked = new Set();
    for (const [index, some] of frames.entries()) {
      const last = index === frames.length - 1;
      follower.services(
        {
          changes: some,
          upTo: last ? state.upTo : null,
          kubernetes,
          ...(last && newChecks ? { checks } : {}),
        },
        () => {
          if (!last) return;
          state.sending = false;
          const marked = state.marked;
          if (marked === null || marked.size > 0) this.#tell(follower, state, marked);
        },
      );
    }
  }

  /** What the agent follows, and what it was told of and follows no more. */
  #concerning(state: State): Set<string> {
    const keys = new Set([...state.names, ...state.told.keys()]);
    for (const key of this.#merged.keys()) if (this.#follows(state, key)) keys.add(key);
    return keys;
  }

  #follows({ namespaces, names }: State, key: string): boolean {
    return names.has(key) || namespaces.has(key.slice(0, key.indexOf('/')));
  }

  #newsOf(follower: Follower, state: State, key: string): ServicesChange[] {
    if (!this.#follows(state, key)) {
      if (!state.told.delete(key)) return [];
      return [{ set: 'none', key }];
    }
    const before = state.told.get(key);
    const after = this.#viewFor(follower.clusterId, key);
    // Of a whole namespace nobody asks for what is not in it.
    if (before === undefined && !after && !state.names.has(key)) return [];
    state.told.set(key, after ?? null);
    if (before === null && !after) return [];
    if (before === undefined && !after) return [{ set: 'none', key }];
    return newsBetween(key, before ?? undefined, after);
  }

  #viewFor(clusterId: string, key: string): ServiceView | undefined {
    const merged = this.#merged.get(key);
    const importer = this.#clusters.get(clusterId);
    if (!merged || !importer) return undefined;
    const views = this.#views.get(merged) ?? new Map<string, ServiceView>();
    this.#views.set(merged, views);
    const view = views.get(clusterId) ?? viewOf(merged, importer);
    views.set(clusterId, view);
    return view;
  }
}

function newState(): State {
  return {
    namespaces: new Set(),
    names: new Set(),
    told: new Map(),
    follows: 0,
    upTo: null,
    checks: '[]',
    kubernetes: null,
    sending: false,
    marked: new Set(),
  };
}

/** At least one, for there may be something else to say. */
function inFrames(changes: readonly ServicesChange[]): ServicesChange[][] {
  const frames: ServicesChange[][] = [[]];
  let bytes = 0;
  for (const change of changes) {
    const more = JSON.stringify(change).length;
    if (bytes > 0 && bytes + more > FRAME_BYTES) {
      frames.push([]);
      bytes = 0;
    }
    bytes += more;
    frames.at(-1)?.push(change);
  }
  return frames;
}
