/** The agent's image for tests: what `infra/agent.Dockerfile` makes, of this machine's programs. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildAgent } from '@skein/agent/build.ts';
import { layerOf, writeImages } from './oci.ts';
import { takePrograms } from './system-programs.ts';

export const AGENT_IMAGE = 'skein.test/agent:1';

const PROGRAMS = [
  ...['sh', 'ip', 'nft', 'wg', 'wireguard-go', 'conntrack', 'ping', 'sysctl', 'modprobe', 'cat', 'ls'],
] as const;

/**
 * @param work a folder for this alone
 * @returns path of the archive
 */
export async function writeAgentImage(work: string): Promise<string> {
  const distribution = join(work, 'distribution');
  await buildAgent({ outDirectory: distribution });
  const root = join(work, 'root');
  takePrograms(root, Object.fromEntries(PROGRAMS.map((name) => [name, name])));
  for (const name of ['opt', 'etc', 'run', 'tmp', 'proc', 'sys', 'dev', 'root', 'var/lib', 'var/run'])
    mkdirSync(join(root, name), { recursive: true });
  const packed = join(distribution, `agent-linux-${process.arch}.tar.gz`);
  execFileSync('tar', ['--extract', '--file', packed, '--directory', join(root, 'opt')]);
  // Node brings none of the libraries that it is linked with.
  for (const [, path = ''] of execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).matchAll(
    /(?:=> |^\s+)(\/\S+)/gm,
  )) {
    const to = join(root, path.startsWith('/usr') ? path : `/usr${path}`);
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(path, to);
  }
  const archive = join(work, 'agent.tar');
  writeImages(
    [
      {
        names: [AGENT_IMAGE],
        layers: [layerOf(root, join(work, 'agent.layer.tar'))],
        entrypoint: ['/opt/skein/node', '/opt/skein/agent.mjs'],
      },
    ],
    archive,
    join(work, 'scratch'),
  );
  return archive;
}
