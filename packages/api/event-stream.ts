/**
 * Server-sent events: what a verb yields, until the client goes, the source ends or the time is up. A browser's
 * EventSource then connects again by itself and says which event it saw last.
 */
import { Refusal } from '@skein/control/failure.ts';

const HEARTBEAT_MILLISECONDS = 15_000;
const LIFETIME_MILLISECONDS = 15 * 60_000;
const RETRY_MILLISECONDS = 2_000;
/** Each stream may hold a database subscription; one organization must not take them all. */
const MOST_STREAMS_PER_ORGANIZATION = 64;

export interface StreamEvent {
  event: string;
  data: unknown;
  /** Where to go on from; no line breaks. */
  id?: string;
}

const open = new Map<string, number>();

/**
 * Answers a stream of what `source` yields. Waits for the first event, so that a refusal of the source is still a
 * problem document. Nothing is read from the source while the client does not take what was sent.
 */
export async function eventStream(
  organizationId: string,
  request: Request,
  source: (signal: AbortSignal) => AsyncIterable<StreamEvent>,
): Promise<Response> {
  const count = open.get(organizationId) ?? 0;
  if (count >= MOST_STREAMS_PER_ORGANIZATION)
    throw new Refusal('too-many-requests', 'Too many live views are open at once. Close some and try again.');
  open.set(organizationId, count + 1);

  const ending = new AbortController();
  const lifetime = setTimeout(() => ending.abort(), LIFETIME_MILLISECONDS);
  const onGone = () => ending.abort();
  request.signal.addEventListener('abort', onGone);
  if (request.signal.aborted) ending.abort();
  ending.signal.addEventListener('abort', release, { once: true });
  function release() {
    clearTimeout(lifetime);
    request.signal.removeEventListener('abort', onGone);
    const left = (open.get(organizationId) ?? 1) - 1;
    if (left === 0) open.delete(organizationId);
    else open.set(organizationId, left);
  }

  const events = source(ending.signal)[Symbol.asyncIterator]();
  let first: IteratorResult<StreamEvent> | undefined;
  try {
    first = await events.next();
  } catch (error) {
    ending.abort();
    throw error;
  }

  const text = new TextEncoder();
  let heartbeat: NodeJS.Timeout | undefined;
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(text.encode(`retry: ${RETRY_MILLISECONDS}\n\n`));
        heartbeat = setInterval(() => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(text.encode(': still here\n\n'));
        }, HEARTBEAT_MILLISECONDS);
        ending.signal.addEventListener('abort', () => clearInterval(heartbeat), { once: true });
      },
      async pull(controller) {
        const next = first ?? (await events.next().catch(() => ({ done: true as const, value: undefined })));
        first = undefined;
        if (next.done || ending.signal.aborted) {
          ending.abort();
          controller.close();
        } else controller.enqueue(text.encode(textOf(next.value)));
      },
      cancel() {
        ending.abort();
      },
    },
    { highWaterMark: 2 },
  );
  return new Response(stream, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      // `no-transform` also keeps Next's compression from holding events back.
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    },
  });
}

function textOf(event: StreamEvent): string {
  const id = event.id === undefined ? '' : `id: ${event.id}\n`;
  return `${id}event: ${event.event}\ndata: ${JSON.stringify(event.data)}\n\n`;
}
