/** The networks that have agents here, and the news about them. */
import type { KeyObject } from 'node:crypto';
import { openMapKey } from '@skein/control/map/key.ts';
import type { Sealer } from '@skein/control/secret/sealer.ts';
import type { Database } from '@skein/database/client.ts';
import { z } from 'zod';
import { say, wordsOf } from '../log.ts';
import { Room } from './room.ts';

/** How often revision numbers are compared, in case a notification was lost. */
const SWEEP_MILLISECONDS = 10_000;

const Notification = z.object({ networkId: z.string(), number: z.number() });

export class Rooms {
  readonly #database: Database;
  readonly #sealer: Sealer;
  readonly #opening = new Map<string, Promise<Room | undefined>>();
  readonly #open = new Map<string, Room>();
  readonly #empty = new Set<Room>();
  readonly #timer: NodeJS.Timeout;

  constructor(database: Database, sealer: Sealer) {
    this.#database = database;
    this.#sealer = sealer;
    this.#timer = setInterval(() => this.sweep(), SWEEP_MILLISECONDS);
  }

  /** The network's room, loaded on first use; undefined where there is no such living network. */
  async get(networkId: string): Promise<Room | undefined> {
    const open = this.#open.get(networkId);
    if (open && !open.gone) return open;
    let opening = this.#opening.get(networkId);
    if (!opening) {
      opening = this.#load(networkId).finally(() => this.#opening.delete(networkId));
      this.#opening.set(networkId, opening);
    }
    return opening;
  }

  /** The key that signs the network's maps, whether or not it lives; undefined where there is none of it. */
  mapKey(networkId: string): Promise<KeyObject | undefined> {
    return openMapKey(this.#database, this.#sealer, networkId);
  }

  async #load(networkId: string): Promise<Room | undefined> {
    const mapKey = await this.mapKey(networkId);
    const room = mapKey && (await Room.open(this.#database, mapKey, networkId));
    if (!room) return undefined;
    this.#open.set(networkId, room);
    // A revision told between the loading and the line above reached nobody.
    await room.catchUp();
    return room;
  }

  /** Takes the payload of a `skein_revision` notification. */
  notified(payload: string): void {
    const news = Notification.safeParse(tryJson(payload));
    const room = news.success ? this.#open.get(news.data.networkId) : undefined;
    if (room && news.data && news.data.number > room.number) this.#catchUp(room);
  }

  /** Compares the revision numbers of open rooms with the database's and lets go of rooms long empty. */
  async sweep(): Promise<void> {
    for (const room of [...this.#open.values()]) {
      if (room.size > 0 && !room.gone) this.#empty.delete(room);
      else if (!this.#empty.has(room)) this.#empty.add(room);
      else {
        this.#empty.delete(room);
        this.#open.delete(room.networkId);
      }
    }
    if (this.#open.size === 0) return;
    try {
      const rows = await this.#database.network.findMany({
        where: { id: { in: [...this.#open.keys()] } },
        select: { id: true, revision: true, deletedAt: true },
      });
      const found = new Map(rows.map((row) => [row.id, row]));
      for (const room of this.#open.values()) {
        const row = found.get(room.networkId);
        if (!row || row.deletedAt || row.revision !== room.number) this.#catchUp(room);
      }
    } catch (error) {
      say('sweep failed', { error: wordsOf(error) });
    }
  }

  #catchUp(room: Room): void {
    room.catchUp().catch((error) => {
      say('revision not read', { networkId: room.networkId, error: wordsOf(error) });
    });
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
