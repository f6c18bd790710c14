/** Running programs: the one place from which the agent changes the node. */
import { spawn } from 'node:child_process';
import { AgentFailure } from '../failure.ts';

export type Ran = { ok: true; output: string } | { ok: false; message: string };

/** Runs a program with text on its stdin. Never throws: a program that is missing, fails or hangs is `ok: false`. */
export type Run = (file: string, args: readonly string[], input?: string) => Promise<Ran>;

const LIMIT_SECONDS = 20;
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

export const run: Run = (file, args, input) =>
  new Promise((resolve) => {
    const child = spawn(file, args, { stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_SECONDS * 1000);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < MAX_OUTPUT_BYTES) output += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (errors.length < 4000) errors += text;
    });
    const finish = (ran: Ran) => {
      clearTimeout(timer);
      resolve(ran);
    };
    child.on('error', (error) => finish({ ok: false, message: `${file}: ${error.message}` }));
    child.on('close', (code, signal) => {
      if (code === 0) return finish({ ok: true, output });
      const why = signal ? `ended by ${signal} (limit ${LIMIT_SECONDS} s)` : `exit code ${code}`;
      finish({ ok: false, message: `${file} ${args[0] ?? ''}: ${errors.trim().slice(0, 1000) || why}` });
    });
    // A program may end before it has read everything; its exit code says why.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });

/** Output of a program that must succeed. Throws `command-failed`. */
export async function must(run: Run, file: string, args: readonly string[], input?: string): Promise<string> {
  const ran = await run(file, args, input);
  if (ran.ok) return ran.output;
  throw new AgentFailure('command-failed', ran.message);
}
