/** Asks the services of this host whether they answer, at the very address by which others reach them. */
import { get } from 'node:http';
import { connect } from 'node:net';
import type { HealthCheck, HealthFrame } from '@skein/contract/agent/service.ts';

export interface Health {
  /** From now on these, and no others. */
  apply(checks: readonly HealthCheck[]): void;
  /** The channel is open: what is known is said again. */
  connected(): void;
  close(): void;
}

/** Null where the service answers, else why not. */
export type Look = (check: HealthCheck, address: string) => Promise<string | null>;

const EVERY_MILLISECONDS = 1000;
/** A failure is looked at again so soon, and counts when it is still there: nobody is left for one lost packet. */
const AGAIN_MILLISECONDS = 250;
const LIMIT_MILLISECONDS = 800;
const MOST_PROBLEM = 200;

export function newHealth(options: {
  /** The overlay address, once there is one. */
  address: () => string | null;
  send: (frame: HealthFrame) => boolean;
  now: () => number;
  look?: Look;
}): Health {
  const look = options.look ?? lookAt;
  const running = new Map<string, { text: string; stop: AbortController }>();
  const results = new Map<string, HealthFrame['results'][number]>();

  const say = () => {
    if (results.size > 0) options.send({ type: 'service-health', results: [...results.values()] });
  };
  const keep = async (check: HealthCheck, signal: AbortSignal) => {
    for (let failures = 0; !signal.aborted; ) {
      const address = options.address();
      const problem = address === null ? 'the node has no overlay address yet' : await look(check, address);
      if (signal.aborted) return;
      failures = problem === null ? 0 : failures + 1;
      const before = results.get(check.id);
      // What was never seen to answer need not fail twice.
      const counts = problem === null || failures > 1 || !before;
      const ready = problem === null;
      if (counts && (before?.ready !== ready || before.problem !== problem)) {
        results.set(check.id, { id: check.id, ready, problem: problem?.slice(0, MOST_PROBLEM) ?? null });
        say();
      }
      await pause(failures === 1 ? AGAIN_MILLISECONDS : EVERY_MILLISECONDS, signal);
    }
  };

  return {
    apply: (checks) => {
      const wanted = new Map(checks.map((check) => [check.id, check]));
      for (const [id, { text, stop }] of running) {
        const check = wanted.get(id);
        if (check && JSON.stringify(check) === text) continue;
        stop.abort();
        running.delete(id);
        results.delete(id);
      }
      for (const check of checks) {
        if (running.has(check.id)) continue;
        const stop = new AbortController();
        running.set(check.id, { text: JSON.stringify(check), stop });
        void keep(check, stop.signal);
      }
    },
    connected: say,
    close: () => {
      for (const { stop } of running.values()) stop.abort();
      running.clear();
    },
  };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}

/** Never throws. */
export const lookAt: Look = (check, host) =>
  new Promise((resolve) => {
    const words = (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNREFUSED' ? `nothing listens on port ${check.port}` : error.message;
    const late = `no answer within ${LIMIT_MILLISECONDS} ms`;
    if (check.kind === 'tcp') {
      const socket = connect({ host, port: check.port });
      const done = (problem: string | null) => {
        clearTimeout(timer);
        socket.destroy();
        resolve(problem);
      };
      const timer = setTimeout(() => done(late), LIMIT_MILLISECONDS);
      socket.on('connect', () => done(null));
      socket.on('error', (error) => done(words(error)));
      return;
    }
    const asked = get({ host, port: check.port, path: check.path, agent: false });
    const done = (problem: string | null) => {
      clearTimeout(timer);
      asked.destroy();
      resolve(problem);
    };
    const timer = setTimeout(() => done(late), LIMIT_MILLISECONDS);
    asked.on('response', ({ statusCode = 0 }) =>
      done(statusCode >= 200 && statusCode < 400 ? null : `answered ${statusCode}`),
    );
    asked.on('error', (error) => done(words(error)));
  });
