import { type Database, urlOf } from './client.ts';
import { type Channel, listen } from './notify.ts';

interface Subscriber {
  onMessage: (payload: string) => void;
  onGap: () => void;
}
interface Feed {
  subscribers: Set<Subscriber>;
  listener: Promise<{ close(): Promise<void> }>;
}
const feeds = new WeakMap<Database, Map<Channel, Feed>>();

/**
 * Hears a channel over the one connection that all subscribers of this database share in this process; it is made for
 * the first and closed after the last. `onGap` says that messages may have been missed. Rejects when the database
 * cannot be reached.
 */
export async function subscribe(
  database: Database,
  channel: Channel,
  subscriber: Subscriber,
): Promise<{ close(): Promise<void> }> {
  const channels = feeds.get(database) ?? new Map<Channel, Feed>();
  feeds.set(database, channels);
  const feed = channels.get(channel) ?? openFeed(database, channel);
  channels.set(channel, feed);
  feed.subscribers.add(subscriber);
  const close = async () => {
    if (!feed.subscribers.delete(subscriber) || feed.subscribers.size > 0) return;
    if (channels.get(channel) === feed) channels.delete(channel);
    await feed.listener.then((listener) => listener.close()).catch(() => {});
  };
  try {
    await feed.listener;
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}

function openFeed(database: Database, channel: Channel): Feed {
  const subscribers = new Set<Subscriber>();
  const listener = listen(
    urlOf(database),
    channel,
    (payload) => {
      for (const one of subscribers) one.onMessage(payload);
    },
    () => {
      for (const one of subscribers) one.onGap();
    },
  );
  // Whoever awaits it hears of a failure; without this an early one would be nobody's.
  listener.catch(() => {});
  return { subscribers, listener };
}
