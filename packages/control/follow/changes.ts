/** Following something in Postgres: the reader reads the truth again whenever it may have changed. */
import type { Database } from '@skein/database/client.ts';
import { subscribe } from '@skein/database/feed.ts';
import type { Channel } from '@skein/database/notify.ts';

/** Read again after so long without a word: a notification is a help, never the only way. */
const AT_LEAST_EVERY_MILLISECONDS = 5_000;

/**
 * Gives a turn at once and then each time one of the channels says something that `concerns` the reader, until `signal`
 * fires. What is said during a turn leads to one more.
 * @param atMostEveryMilliseconds changes that come within this time are read as one
 */
export async function* changesOf(
  database: Database,
  channels: readonly Channel[],
  concerns: (payload: string) => boolean,
  signal: AbortSignal,
  atMostEveryMilliseconds = 100,
): AsyncIterable<void> {
  let pending = true;
  let wake = () => {};
  const say = () => {
    pending = true;
    wake();
  };
  const onMessage = (payload: string) => {
    if (concerns(payload)) say();
  };
  const subscriptions: { close(): Promise<void> }[] = [];
  try {
    for (const channel of channels)
      subscriptions.push(await subscribe(database, channel, { onMessage, onGap: say }));
    while (!signal.aborted) {
      pending = false;
      yield;
      await pause(atMostEveryMilliseconds, signal, () => {});
      if (!pending)
        await pause(AT_LEAST_EVERY_MILLISECONDS, signal, (end) => {
          wake = end;
        });
    }
  } finally {
    await Promise.all(subscriptions.map((one) => one.close()));
  }
}

/** Ends after the time, when `signal` fires, or when the handed-out function is called. */
function pause(milliseconds: number, signal: AbortSignal, handOut: (end: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
    handOut(end);
    if (signal.aborted) end();
  });
}
