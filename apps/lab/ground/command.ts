/** Runs the system's tools: bounded in time and output, with their words in the error. */
import { spawn } from 'node:child_process';
import { withSystemPath } from '../seal/path.ts';

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

/** Runs and answers whatever the exit code. Throws CommandFailed when it cannot start or outlives its time. */
export function output(
  command: readonly string[],
  options: { input?: string; timeoutSeconds?: number } = {},
): Promise<Output> {
  const timeoutSeconds = options.timeoutSeconds ?? 20;
  return new Promise((resolve, reject) => {
    const child = spawn(command[0] as string, command.slice(1), {
      env: withSystemPath(process.env),
      stdio: 'pipe',
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutSeconds * 1000);
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (data: string) => {
        text[name] = (text[name] + data).slice(-KEPT_CHARACTERS);
      });
    }
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new CommandFailed(`${command[0]}: ${error.message}`, { cause: error }));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (late)
        reject(
          new CommandFailed(`${command.slice(0, 4).join(' ')} … did not end within ${timeoutSeconds} s`),
        );
      else resolve({ exit: code ?? (signal === 'SIGKILL' ? 137 : 143), ...text });
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
