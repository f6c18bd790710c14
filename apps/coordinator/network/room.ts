/**
 * One network as this process serves it: the newest snapshot, some older ones for agents that come back, and the
 * connected agents by what affects them. No map is kept: an agent's old and new map are made from two snapshots when a
 * revision affects it.
 */
import type { KeyObject } from 'node:crypto';
import type { NetworkMap, SignedMap, SignedRemoval } from '@skein/contract/agent/map.ts';
import type { ServicesNews, SignedServices } from '@skein/contract/agent/service.ts';
import { loadNewer, loadSnapshot } from '@skein/control/map/snapshot.ts';
import type { Database } from '@skein/database/client.ts';
import { type Affected, affectedBy } from '@skein/mesh/map/affected.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import { deltaBetween } from '@skein/mesh/map/delta.ts';
import { digestOf } from '@skein/mesh/map/digest.ts';
import { signMap, signRemoval, signServices } from '@skein/mesh/map/sign.ts';
import { changeSnapshot, peerIn, type Snapshot } from '@skein/mesh/network.ts';
import { gatewaysOf } from '@skein/mesh/topology/gateways.ts';

/** Older snapshots kept for agents that come back; each holds only what differs from the next. */
const KEPT_SNAPSHOTS = 64;

/** An agent's channel as a room sees it. */
export interface Listener {
  readonly peerId: string;
  readonly clusterId: string;
  /** The newest snapshot is another one now; `before` is the one that came before it. */
  changed(before: Snapshot): void;
  /** The peer is in the network no longer. */
  removed(reason: string): void;
}

/** What brings an agent from the map numbered `number` to the newest snapshot. */
export type Update =
  | { kind: 'same' }
  | { kind: 'removed' }
  | { kind: 'send'; number: number; signed: SignedMap };

export class Room {
  readonly networkId: string;
  readonly #database: Database;
  readonly #mapKey: KeyObject;
  readonly #byPeer = new Map<string, Listener>();
  readonly #byCluster = new Map<string, Set<Listener>>();
  readonly #kept: Snapshot[];
  #snapshot: Snapshot;
  #gone = false;
  #catching: Promise<void> | null = null;
  #again = false;

  private constructor(database: Database, mapKey: KeyObject, snapshot: Snapshot) {
    this.networkId = snapshot.network.id;
    this.#database = database;
    this.#mapKey = mapKey;
    this.#snapshot = snapshot;
    this.#kept = [snapshot];
  }

  /** Loads the network whole; undefined where it does not live. */
  static async open(database: Database, mapKey: KeyObject, networkId: string): Promise<Room | undefined> {
    const snapshot = await loadSnapshot(database, networkId);
    return snapshot && new Room(database, mapKey, snapshot);
  }

  get number(): number {
    return this.#snapshot.number;
  }
  get snapshot(): Snapshot {
    return this.#snapshot;
  }
  get size(): number {
    return this.#byPeer.size;
  }
  get gone(): boolean {
    return this.#gone;
  }
  listeners(): Iterable<Listener> {
    return this.#byPeer.values();
  }
  holds(listener: Listener): boolean {
    return this.#byPeer.get(listener.peerId) === listener;
  }

  /** Takes an agent in and answers the older channel of the same agent, if there was one. */
  join(listener: Listener): Listener | undefined {
    const older = this.#byPeer.get(listener.peerId);
    if (older) this.leave(older);
    this.#byPeer.set(listener.peerId, listener);
    const mates = this.#byCluster.get(listener.clusterId);
    if (mates) mates.add(listener);
    else this.#byCluster.set(listener.clusterId, new Set([listener]));
    return older;
  }

  leave(listener: Listener): void {
    if (this.#byPeer.get(listener.peerId) === listener) this.#byPeer.delete(listener.peerId);
    const mates = this.#byCluster.get(listener.clusterId);
    mates?.delete(listener);
    if (mates?.size === 0) this.#byCluster.delete(listener.clusterId);
  }

  /**
   * Reads the revisions after the newest snapshot and tells the agents they affect. Calls while one is under way lead
   * to one more round, however many they were.
   */
  async catchUp(): Promise<void> {
    this.#again = true;
    this.#catching ??= this.#run();
    await this.#catching;
  }

  async #run(): Promise<void> {
    // Never ends in the call itself, before its promise is kept.
    await null;
    try {
      while (this.#again && !this.#gone) {
        this.#again = false;
        await this.#step();
      }
    } finally {
      // At the very moment of the last look: a call that came between would wait for a round that is over.
      this.#catching = null;
    }
  }

  async #step(): Promise<void> {
    const before = this.#snapshot;
    const newer = await loadNewer(this.#database, this.networkId, before.number);
    if (newer.kind === 'same') return;
    if (newer.kind === 'gone') return this.#end();
    if (newer.kind === 'whole') {
      const after = await loadSnapshot(this.#database, this.networkId);
      if (!after) return this.#end();
      this.#advance(after);
      for (const listener of [...this.#byPeer.values()]) this.#tell(listener, before);
      return;
    }
    const { after, touched } = changeSnapshot(before, newer.change);
    this.#advance(after);
    for (const peerId of newer.removedPeers) this.#byPeer.get(peerId)?.removed('The peer was removed.');
    for (const listener of this.#affected(affectedBy(before, after, touched))) this.#tell(listener, before);
  }

  #advance(after: Snapshot): void {
    this.#snapshot = after;
    this.#kept.push(after);
    if (this.#kept.length > KEPT_SNAPSHOTS) this.#kept.shift();
  }

  #tell(listener: Listener, before: Snapshot): void {
    if (this.holds(listener)) listener.changed(before);
  }

  #end(): void {
    this.#gone = true;
    for (const listener of [...this.#byPeer.values()]) listener.removed('The network was deleted.');
  }

  /** Only who is affected is looked at, so that a change costs what it changes. */
  #affected(affected: Affected): Set<Listener> {
    if (affected.everyone) return new Set(this.#byPeer.values());
    const listeners = new Set<Listener>();
    for (const clusterId of affected.clusters)
      for (const listener of this.#byCluster.get(clusterId) ?? []) listeners.add(listener);
    const gated = affected.gateways ? this.#snapshot.parts.keys() : affected.gatewaysOf;
    for (const clusterId of gated) {
      const part = this.#snapshot.parts.get(clusterId);
      for (const gateway of part ? gatewaysOf(part) : []) {
        const listener = this.#byPeer.get(gateway.id);
        if (listener) listeners.add(listener);
      }
    }
    return listeners;
  }

  /** Whether the newest snapshot holds this peer. */
  knows(clusterId: string, peerId: string): boolean {
    return peerIn(this.#snapshot, clusterId, peerId) !== undefined;
  }

  /** The whole newest map. */
  whole(listener: Listener): Update {
    const map = buildMap(this.#snapshot, listener.clusterId, listener.peerId);
    return map ? this.#send(map) : { kind: 'removed' };
  }

  /** The delta for an agent whose map is that of `held`, but numbered `number`. */
  since(listener: Listener, held: Snapshot, number: number): Update {
    const after = buildMap(this.#snapshot, listener.clusterId, listener.peerId);
    if (!after) return { kind: 'removed' };
    const before = buildMap(held, listener.clusterId, listener.peerId);
    // Numbers of another epoch lead nowhere.
    if (!before || before.epoch !== after.epoch) return this.#send(after);
    const delta = deltaBetween({ ...before, number }, after);
    if (!delta) return { kind: 'same' };
    return {
      kind: 'send',
      number: after.number,
      signed: signMap({ kind: 'delta', value: delta }, this.#mapKey),
    };
  }

  /**
   * For an agent that comes back with a map: nothing if it is the newest but for its number, a delta if a kept
   * snapshot gives the very map it holds, else the whole.
   */
  resume(listener: Listener, have: { number: number; digest: string }): Update {
    const { clusterId, peerId } = listener;
    const after = buildMap(this.#snapshot, clusterId, peerId);
    if (!after) return { kind: 'removed' };
    if (have.number > after.number) return this.#send(after);
    if (digestOf({ ...after, number: have.number }) === have.digest) return { kind: 'same' };
    const held = this.#kept.findLast((snapshot) => snapshot.number <= have.number);
    const before = held && buildMap(held, clusterId, peerId);
    if (!held || !before || digestOf({ ...before, number: have.number }) !== have.digest)
      return this.#send(after);
    return this.since(listener, held, have.number);
  }

  /** Says to an agent, under the nonce of its hello, that its peer was removed. */
  removal(peerId: string, nonce: string, reason: string): SignedRemoval {
    return signRemoval({ networkId: this.networkId, peerId, nonce, reason }, this.#mapKey);
  }

  /** News of services for one agent, under the nonce of its hello. */
  services(news: Omit<ServicesNews, 'networkId'>): SignedServices {
    return signServices({ networkId: this.networkId, ...news }, this.#mapKey);
  }

  #send(map: NetworkMap): Update {
    return { kind: 'send', number: map.number, signed: signMap({ kind: 'map', value: map }, this.#mapKey) };
  }
}
