/**
 * Builds the programs of Kubernetes from the Go modules in this folder, once: they are kept in a cache outside the
 * checkout, each module under the hash of what goes into it. One process builds at a time, others wait for it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, goCommand, goEnvironment } from '../config.ts';
import { KUBERNETES, RELEASES } from './versions.ts';

const HERE = import.meta.dirname;

interface Module {
  /** Its folder. */
  name: string;
  /** What a person is told. */
  title: string;
  outputs: readonly { file: string; package: string; stamps?: Readonly<Record<string, string>> }[];
}

const stampsOf = (release: string) => {
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(release) ?? [];
  const places = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  return Object.fromEntries(
    places.flatMap((place) => [
      [`${place}.gitVersion`, release],
      [`${place}.gitMajor`, major],
      [`${place}.gitMinor`, minor],
    ]),
  );
};

const MODULES = {
  kubernetes: {
    name: 'kubernetes',
    title: `Kubernetes ${KUBERNETES} and etcd`,
    outputs: RELEASES.map((release) => ({
      file: `kubernetes-${release}`,
      package: '.',
      stamps: stampsOf(release),
    })),
  },
  network: {
    name: 'network',
    title: 'CoreDNS and flannel',
    outputs: [
      { file: 'coredns', package: 'github.com/coredns/coredns' },
      { file: 'flanneld', package: './flanneld' },
    ],
  },
  programs: {
    name: 'programs',
    title: 'what tests run on it',
    outputs: [
      ...RELEASES.map((release) => ({
        file: `k3s-${release}`,
        package: './k3s',
        stamps: { 'main.version': release },
      })),
      { file: 'flannel', package: './flannel' },
      { file: 'pause', package: './pause' },
      { file: 'server', package: './server' },
    ],
  },
} satisfies Record<string, Module>;

/** Parts of Kubernetes in the one program `kubernetes`, which goes by the name that it is called by. */
export const PARTS = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kubelet',
  'kubectl',
  'etcd',
] as const;

/** Folders of the built modules. */
export interface Built {
  /** `kubernetes-<release>`, and `PARTS` as links to the oldest. */
  kubernetes: string;
  /** `coredns`, `flanneld`. */
  network: string;
  /** `k3s-<release>`, `flannel` (the CNI plugin), `pause`, `server`. */
  programs: string;
}

/**
 * Builds what is not in the cache.
 * @throws Error that says what to do where Go is missing, or with the end of what it printed
 */
export async function buildBinaries(say: (line: string) => void): Promise<Built> {
  const folders = Object.fromEntries(
    Object.values(MODULES).map((module) => [module.name, folderOf(module)]),
  ) as unknown as Built;
  if (Object.values(folders).every((folder) => existsSync(folder))) return folders;
  goCommand();
  mkdirSync(CACHE, { recursive: true });
  const lock = join(CACHE, 'lock');
  if (spawnSync('flock', ['--nonblock', lock, 'true']).status !== 0)
    say('Another process builds Kubernetes: waiting for it …');
  // The lock goes with the process, however that ends.
  const child = spawn(
    'flock',
    [lock, process.execPath, '--disable-warning=ExperimentalWarning', fileURLToPath(import.meta.url)],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? 1));
  });
  if (code !== 0) throw new Error('Kubernetes could not be built; what Go said stands above.');
  return folders;
}

function folderOf(module: Module): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify(module)).update(process.arch);
  const visit = (path: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) visit(child);
      else hash.update(child.slice(HERE.length)).update('\0').update(readFileSync(child)).update('\0');
    }
  };
  visit(join(HERE, module.name));
  return join(CACHE, `${module.name}-${hash.digest('hex').slice(0, 16)}`);
}

async function build(module: Module): Promise<void> {
  const folder = folderOf(module);
  if (existsSync(folder)) return;
  const started = performance.now();
  const go = goCommand();
  const directory = join(HERE, module.name);
  const packages = spawnSync(go, ['list', '-deps', ...module.outputs.map((output) => output.package)], {
    cwd: directory,
    env: goEnvironment(),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (packages.status !== 0) throw new Error(`go list in ${module.name}:\n${packages.stderr.slice(-4000)}`);
  const count = new Set(packages.stdout.trim().split('\n')).size;
  console.log(
    `Building ${module.title} (${count} packages; minutes on an empty Go cache, seconds on a full one) …`,
  );
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  for (const { file, package: path, stamps = {} } of module.outputs as Module['outputs']) {
    const flags = ['-s', '-w', ...Object.entries(stamps).map(([name, value]) => `-X=${name}=${value}`)];
    await compile(go, directory, ['-ldflags', flags.join(' '), '-o', join(partial, file), path], file, count);
  }
  if (module.name === 'kubernetes')
    for (const part of PARTS) symlinkSync(`kubernetes-${RELEASES[0]}`, join(partial, part));
  renameSync(partial, folder);
  console.log(`Built ${module.title} in ${Math.round((performance.now() - started) / 1000)} s`);
}

/** `go build -v` names each package that it compiles: how far it is. */
async function compile(
  go: string,
  cwd: string,
  words: readonly string[],
  file: string,
  of: number,
): Promise<void> {
  const child = spawn(go, ['build', '-v', ...words], {
    cwd,
    env: goEnvironment(),
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let said = '';
  let compiled = 0;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    compiled += text.split('\n').length - 1;
    said = (said + text).slice(-4000);
  });
  const tell = setInterval(
    () => console.log(`  ${file}: ${compiled} of at most ${of} packages compiled`),
    20_000,
  );
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? 1));
  }).finally(() => clearInterval(tell));
  if (code !== 0) throw new Error(`go build of ${file} failed:\n${said}`);
}

if (import.meta.main) {
  try {
    for (const module of Object.values(MODULES)) await build(module);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
