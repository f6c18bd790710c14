/**
 * How lab tests run in a sealed place: the test names a script whose default export is an async function; it runs in a
 * place of its own and its result (JSON) comes back.
 *
 *   const seen = await resultsFromInside<Seen>(new URL('./packets.inside.ts', import.meta.url), { directory });
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { sealedSpawn } from './enter.ts';
import { withSystemPath } from './path.ts';

export interface InsideOptions {
  /** Run as this user and group id (needs root): how an unprivileged place is tested. */
  userId?: number;
  timeoutSeconds?: number;
}

const THIS = fileURLToPath(import.meta.url);
const RUN = fileURLToPath(new URL('inside-run.ts', import.meta.url));

/** What the script's default export answers to `input`. What it logs goes to stderr. Throws with stderr's tail. */
export async function resultsFromInside<Result>(
  script: URL,
  input: unknown,
  options: InsideOptions = {},
): Promise<Result> {
  const path = fileURLToPath(script);
  const timeoutSeconds = options.timeoutSeconds ?? 100;
  const asOther = options.userId;
  const text =
    asOther === undefined
      ? await sealed(path, JSON.stringify(input), timeoutSeconds)
      : await asUser(asOther, path, JSON.stringify(input), timeoutSeconds);
  return JSON.parse(text) as Result;
}

async function sealed(path: string, input: string, timeoutSeconds: number): Promise<string> {
  const seal = await sealedSpawn([process.execPath, RUN, path, input], {
    stdio: ['ignore', 'pipe', 'pipe'],
    graceSeconds: 2,
  });
  return collect(seal.process, seal.ended, () => void seal.stop(), path, timeoutSeconds);
}

// Udev opens this device to everyone; where only root may open it, the unprivileged place would refuse to be made.
const OPEN_TUN =
  'mount -t tmpfs tmpfs /mnt && mknod -m 666 /mnt/tun c 10 200 && mount --bind /mnt/tun /dev/net/tun && umount -l /mnt';

/** The seal must be entered by the other user itself, so this file runs again as that user. */
function asUser(userId: number, path: string, input: string, timeoutSeconds: number): Promise<string> {
  const become = [
    'setpriv',
    `--reuid=${userId}`,
    `--regid=${userId}`,
    '--clear-groups',
    process.execPath,
    THIS,
    path,
    input,
    String(timeoutSeconds),
  ];
  const child = spawn('unshare', ['--mount', 'sh', '-c', `${OPEN_TUN} && exec "$@"`, 'sh', ...become], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...withSystemPath({}), HOME: '/nonexistent' },
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 137));
  });
  return collect(child, ended, () => void child.kill('SIGKILL'), path, timeoutSeconds + 5);
}

async function collect(
  child: import('node:child_process').ChildProcess,
  ended: Promise<number>,
  end: () => void,
  path: string,
  timeoutSeconds: number,
): Promise<string> {
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (data) => {
    out += data;
  });
  child.stderr?.setEncoding('utf8').on('data', (data) => {
    err = (err + data).slice(-20_000);
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    end();
  }, timeoutSeconds * 1000);
  const code = await ended.finally(() => clearTimeout(timer));
  if (late) throw new Error(`${path} did not end within ${timeoutSeconds} s\n${err}`);
  if (code !== 0) throw new Error(`${path} ended with ${code}\n${err}`);
  return out;
}

if (import.meta.main) {
  const [, , path = '', input = 'null', timeoutSeconds = '100'] = process.argv;
  try {
    process.stdout.write(await sealed(path, input, Number(timeoutSeconds)));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
