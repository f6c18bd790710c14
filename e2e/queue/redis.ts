/** Debian's redis-server for tests, on a free loopback port, and a line of its protocol to speak to it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export interface TestRedis {
  url: string;
  /** Sends one inline command and answers the first bytes that come back. */
  ask(command: string): Promise<string>;
  stop(): Promise<void>;
}

const START_SECONDS = 10;

/** Undefined where the machine has no redis-server; on CI that is a failure, for there it was promised. */
export async function startRedis(onCi: boolean): Promise<TestRedis | undefined> {
  const port = await freePort();
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--maxmemory-policy',
    'noeviction',
  ];
  const child = spawn('redis-server', args, { stdio: 'ignore' });
  const failed = new Promise<Error>((resolve) => child.once('error', resolve));
  const outcome = await Promise.race([failed, untilReady(port)]);
  if (outcome instanceof Error) {
    child.kill('SIGKILL');
    if (onCi) throw new Error(`redis-server does not start: ${outcome.message}`);
    return undefined;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    ask: (command) => ask(port, command),
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

async function untilReady(port: number): Promise<Error | undefined> {
  const deadline = Date.now() + START_SECONDS * 1000;
  while (Date.now() < deadline) {
    const answer = await ask(port, 'PING').catch(() => '');
    if (answer.startsWith('+PONG')) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return new Error(`no answer for ${START_SECONDS} s`);
}

function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.once('error', reject);
    socket.once('data', (chunk) => {
      socket.destroy();
      resolve(chunk.toString());
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
