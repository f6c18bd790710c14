/**
 * Keeps the processes of one Skein running: starts them in order, writes their output to files, starts again what
 * dies, ends them all together.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface Program {
  name: string;
  command: readonly string[];
  environment: NodeJS.ProcessEnv;
  logFile: string;
  /** Rejects until the program serves. */
  ready: (signal: AbortSignal) => Promise<void>;
}

const READY_SECONDS = 60;
const RESTARTS_PER_MINUTE = 6;
const STOP_SECONDS = 8;

export interface Supervisor {
  /** Starts a program and waits until it is ready. @throws Error naming the program and its log. */
  start(program: Program): Promise<void>;
  /** Ends all programs, last started first. */
  stop(): Promise<void>;
}

/** @param gaveUp is called when a program died more often than it may be started again. */
export function openSupervisor(say: (line: string) => void, gaveUp: (name: string) => void): Supervisor {
  const running: { program: Program; child: ChildProcess | undefined }[] = [];
  let stopping = false;

  function launch(entry: (typeof running)[number], died: number[]): void {
    const { program } = entry;
    mkdirSync(dirname(program.logFile), { recursive: true });
    const log = createWriteStream(program.logFile, { flags: 'a' });
    const [file, ...rest] = program.command;
    const child = spawn(file as string, rest, {
      env: program.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    entry.child = child;
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    child.once('error', (error) => log.write(`could not start: ${error.message}\n`));
    child.once('close', (code, signal) => {
      log.end();
      if (stopping) return;
      const now = Date.now();
      const recent = [...died.filter((at) => now - at < 60_000), now];
      say(`${program.name} ended (${signal ?? code}); its log is ${program.logFile}`);
      if (recent.length > RESTARTS_PER_MINUTE) gaveUp(program.name);
      else setTimeout(() => !stopping && launch(entry, recent), 200 * recent.length);
    });
  }

  return {
    async start(program) {
      const entry = { program, child: undefined };
      running.push(entry);
      launch(entry, []);
      const signal = AbortSignal.timeout(READY_SECONDS * 1000);
      for (;;) {
        try {
          return await program.ready(signal);
        } catch (error) {
          if (signal.aborted) {
            throw new Error(
              `${program.name} was not ready within ${READY_SECONDS} s; its log is ${program.logFile}`,
              { cause: error },
            );
          }
          await delay(100);
        }
      }
    },
    async stop() {
      stopping = true;
      for (const { child } of running.reverse()) {
        if (!child || child.exitCode !== null || child.signalCode !== null) continue;
        const ended = new Promise((resolve) => child.once('close', resolve));
        child.kill('SIGTERM');
        await Promise.race([ended, delay(STOP_SECONDS * 1000, undefined, { ref: false })]);
        if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      }
    },
  };
}

/** Ready when `url` answers with a status below 500. */
export const answers = (url: string) => async (signal: AbortSignal) => {
  const response = await fetch(url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(3000)]),
    redirect: 'manual',
  });
  await response.arrayBuffer();
  if (response.status >= 500) throw new Error(`${url} answers ${response.status}`);
};
