/** Worker processes, those at work and some loaded beside them, so that a killed one is replaced at once. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Order } from './worker.ts';

const SCRIPT = fileURLToPath(new URL('./worker.ts', import.meta.url));
/** On a busy machine, too. */
const START_SECONDS = 180;
const STARTS = 3;

export interface Worker {
  /** SIGKILL; resolves when the process is gone, and says whether the signal was its end. */
  kill(): Promise<boolean>;
}

export interface Workers {
  start(order: Order): Promise<Worker>;
  close(): Promise<void>;
}

/** @param spares so many stand loaded: one for each that may be killed at the same moment */
export function openWorkers(spares: number): Workers {
  const children = new Set<ChildProcess>();
  // The SDKs are large: compiled once, they load in half the time.
  const compiled = mkdtempSync(join(tmpdir(), 'skein-compiled-'));
  const load = () => {
    const child = fork(SCRIPT, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: { NODE_COMPILE_CACHE: compiled },
    });
    children.add(child);
    child.once('exit', () => children.delete(child));
    const loaded = heard(child, 'loaded');
    // Its failure is told to whoever takes this worker.
    loaded.catch(() => {});
    return { child, loaded };
  };
  const ready = Array.from({ length: spares }, load);
  /** One that ends before it works, as where the database does not answer in time, is followed by another. */
  async function working(order: Order): Promise<ChildProcess> {
    for (let attempt = 1; ; attempt++) {
      ready.push(load());
      const { child, loaded } = ready.shift() ?? load();
      try {
        await loaded;
        const begun = heard(child, 'working');
        child.send(order);
        await begun;
        return child;
      } catch (error) {
        child.kill('SIGKILL');
        if (attempt === STARTS) throw error;
      }
    }
  }
  return {
    async start(order) {
      const child = await working(order);
      return {
        async kill() {
          if (child.exitCode !== null || child.signalCode !== null) return false;
          const gone = once(child, 'exit');
          child.kill('SIGKILL');
          const [, signal] = await gone;
          return signal === 'SIGKILL';
        },
      };
    },
    async close() {
      const ends = [...children].map((child) => once(child, 'exit'));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(ends);
      rmSync(compiled, { recursive: true, force: true });
    },
  };
}

function heard(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error(`a worker did not say “${word}” in ${START_SECONDS} s`)),
      START_SECONDS * 1000,
    );
    const end = (settle: () => void) => {
      clearTimeout(late);
      settle();
    };
    child.on('message', (message) => {
      if (message === word) end(resolve);
    });
    child.once('exit', () => end(() => reject(new Error(`a worker ended before it said “${word}”`))));
  });
}
