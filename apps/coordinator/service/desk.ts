/** Services of all networks that have agents here: what agents say of them, and the news about them. */

import { CLOSE } from '@skein/contract/agent/channel.ts';
import type { ExportsFrame, FollowFrame, HealthFrame } from '@skein/contract/agent/service.ts';
import type { ChannelContext } from '@skein/control/peer/enrol.ts';
import { recordHealth } from '@skein/control/service/health.ts';
import { recordExports } from '@skein/control/service/record.ts';
import { z } from 'zod';
import type { AgentChannel } from '../channel/agent-channel.ts';
import { say, wordsOf } from '../log.ts';
import { ServiceRoom } from './room.ts';

/** How often it is looked whether a cluster or a host has fallen silent. */
const BEAT_MILLISECONDS = 2000;
/** Frames of one agent that wait to be written: one that says more than the database takes is put off. */
const MOST_WAITING = 200;

const Notification = z.object({ networkId: z.string(), keys: z.array(z.string()).nullable() });
const Revision = z.object({ networkId: z.string() });

export class ServiceDesk {
  readonly #context: ChannelContext;
  readonly #rooms = new Map<string, ServiceRoom>();
  readonly #writing = new Map<AgentChannel, { count: number; last: Promise<void> }>();
  readonly #timer: NodeJS.Timeout;

  constructor(context: ChannelContext) {
    this.#context = context;
    this.#timer = setInterval(() => {
      for (const room of this.#rooms.values()) this.#trying('services not looked at', () => room.beat());
    }, BEAT_MILLISECONDS);
  }

  /** Takes the payload of a `skein_service` notification. */
  notified(payload: string): void {
    const news = parsed(Notification, payload);
    const room = news && this.#rooms.get(news.networkId);
    if (room) this.#trying('services not read', () => room.reload(news.keys));
  }

  /** Takes the payload of a `skein_revision` notification: hosts may have come, gone or changed their labels. */
  revised(payload: string): void {
    const news = parsed(Revision, payload);
    const room = news && this.#rooms.get(news.networkId);
    if (room) this.#trying('services not looked at', () => room.beat());
  }

  /** Notifications may have been lost. */
  reloadAll(): void {
    for (const room of this.#rooms.values()) this.#trying('services not read', () => room.reload(null));
  }

  follow(channel: AgentChannel, frame: FollowFrame): void {
    const { networkId } = channel;
    const room =
      this.#rooms.get(networkId) ?? new ServiceRoom(this.#context.database, networkId, this.#context.now);
    this.#rooms.set(networkId, room);
    this.#trying('services not followed', () => room.follow(channel, frame));
  }

  exports(channel: AgentChannel, frame: ExportsFrame): void {
    this.#inTurn(channel, async () => {
      const recorded = await recordExports(this.#context, channel.peerId, frame);
      if (recorded === 'unknown') channel.exportsUnknown(frame.session);
      if (recorded === 'refused') channel.close(CLOSE.badFrame, 'exports refused');
    });
  }

  health(channel: AgentChannel, frame: HealthFrame): void {
    this.#inTurn(channel, () => recordHealth(this.#context, channel.peerId, frame.results));
  }

  closed(channel: AgentChannel): void {
    const room = this.#rooms.get(channel.networkId);
    room?.leave(channel);
    if (room?.size === 0) this.#rooms.delete(channel.networkId);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#writing.values()].map(({ last }) => last));
  }

  /** What one agent says is written in the order in which it was said. */
  #inTurn(channel: AgentChannel, work: () => Promise<void>): void {
    const turn = this.#writing.get(channel) ?? { count: 0, last: Promise.resolve() };
    this.#writing.set(channel, turn);
    turn.count += 1;
    if (turn.count > MOST_WAITING) channel.close(CLOSE.badFrame, 'too much said of services');
    turn.last = turn.last.then(work).catch((error) => {
      // It says all again when it comes back.
      say('services not written', { peerId: channel.peerId, error: wordsOf(error) });
      channel.close(1011, 'try again');
    });
    void turn.last.finally(() => {
      turn.count -= 1;
      if (turn.count === 0) this.#writing.delete(channel);
    });
  }

  #trying(failure: string, work: () => Promise<void>): void {
    work().catch((error) => say(failure, { error: wordsOf(error) }));
  }
}

function parsed<T>(schema: z.ZodType<T>, payload: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(payload)).data;
  } catch {
    return undefined;
  }
}
