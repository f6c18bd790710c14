/**
 * Docker's API by its socket (https://docs.docker.com/reference/api/engine/). Without a version in the path, which means
 * the engine's own: what is asked here has been the same since 1.24.
 */
import { request } from 'node:http';

export interface Engine {
  /** Answers whatever the engine does, also that it will not. Throws where no engine answers. */
  ask(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: unknown }>;
  /**
   * Calls `onEvent` whenever a container joins or leaves a network, and `onEnd` once, when the engine tells no more.
   * @returns ends it, without `onEnd`
   */
  follow(onEvent: () => void, onEnd: () => void): () => void;
}

const SOCKET = '/var/run/docker.sock';
const LIMIT_MILLISECONDS = 10_000;
const MOST_BYTES = 8 * 1024 * 1024;
const FILTERS = JSON.stringify({ type: ['network'], event: ['connect', 'disconnect', 'destroy'] });

export const engine: Engine = {
  ask: (method, path, body) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = text === undefined ? {} : { 'Content-Type': 'application/json' };
      const asking = request(
        { socketPath: SOCKET, method, path, headers, timeout: LIMIT_MILLISECONDS },
        (answer) => {
          let told = '';
          answer.setEncoding('utf8').on('data', (part: string) => {
            told += part;
            if (told.length > MOST_BYTES) asking.destroy(new Error('Docker answers too much'));
          });
          answer.on('error', reject);
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: parsed(told) }));
        },
      );
      asking.on('timeout', () => asking.destroy(new Error('Docker does not answer')));
      asking.on('error', reject);
      asking.end(text);
    }),
  follow: (onEvent, onEnd) => {
    let over = false;
    const end = () => {
      if (!over) onEnd();
      over = true;
    };
    const asking = request(
      { socketPath: SOCKET, path: `/events?filters=${encodeURIComponent(FILTERS)}` },
      (answer) => {
        answer.on('data', () => onEvent());
        answer.on('close', end);
        answer.on('error', end);
      },
    );
    asking.on('error', end);
    asking.end();
    return () => {
      over = true;
      asking.destroy();
    };
  },
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
