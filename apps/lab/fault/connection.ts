/** The connection under a request that Hono answers: whether its caller is still there, and how to cut it. */
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import type { Caller } from './passage.ts';

export interface Connection extends Caller {
  /** Ends it without an answer; what it returns is to be given to Hono. */
  cut(): Response;
}

export function connectionOf(context: Context): Connection {
  const { incoming, outgoing } = (context.env ?? {}) as Partial<HttpBindings>;
  const socket = incoming?.socket;
  const gone = new AbortController();
  const close = () => gone.abort(new Error('the caller is gone'));
  if (socket?.destroyed) close();
  socket?.once('close', close);
  // A connection serves many requests; each listens only as long as it lasts.
  outgoing?.once('finish', () => socket?.off('close', close));
  return {
    gone: gone.signal,
    cut() {
      // A request made within the process has none.
      socket?.destroy();
      return RESPONSE_ALREADY_SENT;
    },
  };
}
