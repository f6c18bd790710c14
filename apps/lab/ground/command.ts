/** Runs the system's tools: bounded in time and output, with their words in the error. */
import { spawn } from 'node:child_process';
import { commandEnvironment } from '../config.ts';

/** A tool ended badly or too late; `message` holds its command and the end of what it printed on stderr. */
export class CommandFailed extends Error {
  readonly code = 'command_failed';
}

export interface Output {
  /** The exit code; 128 + n for signal n. */
  exit: number;
  stdout: string;
  stderr: string;
}

const KEPT_CHARACTERS = 8 * 1024 * 1024;

/** What a command left running in the background may hold its streams: they are not waited for longer than this. */
const STREAM_MILLISECONDS = 200;

/** Runs and answers whatever the exit code. Throws CommandFailed when it cannot start or outlives its time. */
export function output(
  command: readonly string[],
  options: { input?: string; timeoutSeconds?: number } = {},
): Promise<Output> {
  const timeoutSeconds = options.timeoutSeconds ?? 20;
  return new Promise((resolve, reject) => {
    const child = spawn(command[0] as string, command.slice(1), {
      env: commandEnvironment(),
      stdio: 'pipe',
    });
    const text = { stdout: '', stderr: '' };
    const settle = (act: () => void) => {
      clearTimeout(timer);
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      act();
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      settle(() =>
        reject(
          new CommandFailed(`${command.slice(0, 4).join(' ')} … did not end within ${timeoutSeconds} s`),
        ),
      );
    }, timeoutSeconds * 1000);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (data: string) => {
        text[name] = (text[name] + data).slice(-KEPT_CHARACTERS);
      });
    }
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.once('error', (error) =>
      settle(() => reject(new CommandFailed(`${command[0]}: ${error.message}`, { cause: error }))),
    );
    child.once('exit', (code, signal) => {
      const done = () => settle(() => resolve({ exit: code ?? (signal === 'SIGKILL' ? 137 : 143), ...text }));
      const streams = setTimeout(done, STREAM_MILLISECONDS);
      child.once('close', () => {
        clearTimeout(streams);
        done();
      });
    });
  });
}

/** Runs and answers stdout. Throws CommandFailed when it ends with anything but 0. */
export async function succeed(
  command: readonly string[],
  options: { input?: string; timeoutSeconds?: number } = {},
): Promise<string> {
  const { exit, stdout, stderr } = await output(command, options);
  if (exit !== 0)
    throw new CommandFailed(
      `${command.slice(0, 6).join(' ')} ended with ${exit}: ${stderr.trim().slice(-2000)}`,
    );
  return stdout;
}
