/** Keeps a channel to the coordinator for as long as the agent runs. */
import { CLOSE, type FromAgent } from '@skein/contract/agent/channel.ts';
import type { Log } from '../host/log.ts';
import { backoffSeconds } from './backoff.ts';
import { type Connection, type ConnectionOptions, openConnection } from './connection.ts';

export interface Channel {
  /** Whether it was sent. */
  send(message: FromAgent): boolean;
  announceKeys: Connection['announceKeys'];
  connected(): boolean;
  /** Drops a connection that is not to be trusted; another follows after a wait. */
  drop(): void;
  close(): void;
}

export type ChannelOptions = Omit<ConnectionOptions, 'onEnd'> & { log: Log; random: () => number };

/** A channel that held so long was a good one: trying again starts from the shortest wait. */
const LASTING_SECONDS = 10;
/** As if so many attempts had failed: the longest wait. */
const PUSHED_FAILURES = 10;
const PUSHES: ReadonlySet<number> = new Set([CLOSE.replaced, CLOSE.notAuthentic, CLOSE.removed]);

/** Connects, and connects again after every end. A removal ends nothing by itself: whoever hears of it closes. */
export function keepChannel(options: ChannelOptions): Channel {
  let connection: Connection | undefined;
  let ready = false;
  let failures = 0;
  let closed = false;
  let readyAt = 0;
  let lastWords = '';
  let timer: NodeJS.Timeout | undefined;

  const open = () => {
    connection = openConnection({
      ...options,
      onReady: (one) => {
        ready = true;
        readyAt = performance.now();
        lastWords = '';
        options.log('connected to the coordinator');
        options.onReady(one);
      },
      onEnd: (ended) => {
        ready = false;
        connection = undefined;
        if (closed) return;
        // One who is refused or pushed out right after the hello must not come back at once.
        const pushed = PUSHES.has(ended.code);
        const lasted = ended.wasOpen && performance.now() - readyAt > LASTING_SECONDS * 1000;
        if (pushed) failures = PUSHED_FAILURES;
        else failures = lasted ? 0 : failures + 1;
        const seconds = backoffSeconds(failures, options.random());
        const words = `no channel to the coordinator (${ended.code} ${ended.reason}); still trying`;
        if (words !== lastWords) options.log(words);
        lastWords = words;
        timer = setTimeout(open, seconds * 1000);
      },
    });
  };
  open();
  return {
    send: (message) => connection?.send(message) ?? false,
    announceKeys: (keys) => connection?.announceKeys(keys) ?? false,
    connected: () => ready,
    drop: () => connection?.close(),
    close: () => {
      closed = true;
      clearTimeout(timer);
      connection?.close();
    },
  };
}
