/** Captures what crosses the lab's internet: traffic between clouds, and nothing that goes to the services. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { withSystemPath } from '../seal/path.ts';
import { CommandFailed } from './command.ts';
import { INTERNET_BRIDGE, INTERNET_NAMESPACE } from './names.ts';
import { type Frame, readFrames } from './pcap.ts';

export interface Capture {
  /** Ends it. Throws CommandFailed when the kernel dropped frames: such a capture proves nothing. */
  stop(): Promise<Frame[]>;
}

const PROGRAM = fileURLToPath(new URL('capture.pl', import.meta.url));
const BOUND_SECONDS = 10;

/** Captures every frame that comes to the internet's router, once each, into `path` (a pcap file, kept). */
export async function startCapture(path: string): Promise<Capture> {
  const child = spawn(
    'nsenter',
    [`--net=/run/netns/${INTERNET_NAMESPACE}`, 'perl', PROGRAM, INTERNET_BRIDGE, path],
    {
      env: withSystemPath({}),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let out = '';
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (data: string) => {
    words += data;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) =>
      reject(new CommandFailed(`the capture ${why}: ${words.trim().slice(-1000)}`));
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`was not ready within ${BOUND_SECONDS} s`);
    }, BOUND_SECONDS * 1000);
    child.once('error', (error) => fail(error.message));
    child.once('close', (code) => fail(`ended with ${code}`));
    child.stdout.setEncoding('utf8').on('data', (data: string) => {
      out += data;
      if (!out.includes('ready')) return;
      clearTimeout(late);
      resolve();
    });
  });
  return {
    async stop() {
      child.kill('SIGINT');
      const late = setTimeout(() => child.kill('SIGKILL'), BOUND_SECONDS * 1000);
      const code = await ended.finally(() => clearTimeout(late));
      const dropped = /dropped (\d+)/.exec(out)?.[1];
      if (code !== 0 || dropped === undefined)
        throw new CommandFailed(`the capture ended with ${code}: ${words.trim().slice(-1000)}`);
      if (dropped !== '0') throw new CommandFailed(`the capture lost ${dropped} frames`);
      return readFrames(await readFile(path));
    },
  };
}
