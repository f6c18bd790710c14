/** The images that clusters of tests need, made on this machine of what is on it: nothing is fetched. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Built } from '../binaries/build.ts';
import { COREDNS, FLANNEL } from '../binaries/versions.ts';
import { CACHE } from '../config.ts';
import { type Image, type Layer, layerOf, writeImages } from './oci.ts';
import { placeOf, takeLibraries, takePrograms } from './system-programs.ts';

/** Programs that scripts in containers call, and those that change the network. */
const BASE = {
  sh: 'dash', awk: 'mawk', ip: 'ip', nft: 'nft', wg: 'wg', conntrack: 'conntrack', sysctl: 'sysctl', ping: 'ping',
  'wireguard-go': 'wireguard-go', ethtool: 'ethtool', modprobe: 'modprobe',
  iptables: 'iptables', 'iptables-save': 'iptables-save', 'iptables-restore': 'iptables-restore',
  ip6tables: 'ip6tables', 'ip6tables-save': 'ip6tables-save', 'ip6tables-restore': 'ip6tables-restore',
  ...Object.fromEntries(
    [
      ...['cat', 'cp', 'cut', 'date', 'env', 'false', 'grep', 'head', 'hostname', 'id', 'ln', 'ls', 'mkdir', 'mktemp'],
      ...['mv', 'ps', 'rm', 'sed', 'sleep', 'sort', 'tail', 'timeout', 'touch', 'tr', 'true', 'uname', 'wc', 'xargs'],
    ].map((name) => [name, name]),
  ),
}; // biome-ignore format: a list of programs
const TOOLS = { nc: 'nc.openbsd', socat: 'socat', dig: 'dig', nslookup: 'nslookup', curl: 'curl' };

/** Names by which tests and manifests know what is made here. */
export const IMAGES = {
  server: 'skein.test/server:1',
  toolbox: 'skein.test/toolbox:1',
  agent: 'skein.test/agent:1',
} as const;

/** What the coordinator serves for this machine, and the command by which nodes start it. */
export interface AgentParts {
  archive: string;
  installer: string;
}

/**
 * Makes the archives that are not in the cache: the agent's image changes with the agent, the others hardly ever.
 * @returns their paths
 */
export function buildImages(built: Built, agent: AgentParts, say: (line: string) => void): string[] {
  return [buildOthers(built, say), buildAgentImage(built, agent, say)];
}

function buildAgentImage(built: Built, agent: AgentParts, say: (line: string) => void): string {
  const wrapper = /WRAPPER'\n(.*?)\nWRAPPER/s.exec(readFileSync(agent.installer, 'utf8'))?.[1];
  if (wrapper === undefined) throw new Error('install.sh no longer writes how the agent is started');
  const inputs = createHash('sha256')
    .update(hashOf(built))
    .update(wrapper)
    .update(readFileSync(agent.archive));
  const archive = join(CACHE, `agent-${inputs.digest('hex').slice(0, 16)}.tar`);
  if (existsSync(archive)) return archive;
  say('Making the agent’s image …');
  const work = openWork(archive);
  const ours = work.layer('agent', (root) => {
    mkdirSync(join(root, 'opt'), { recursive: true });
    execFileSync('tar', ['--extract', '--gzip', '--file', agent.archive, '--directory', join(root, 'opt')]);
    takeLibraries(root, join(root, 'opt/skein/node'));
    mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
    writeFileSync(join(root, 'usr/local/bin/skein-agent'), `${wrapper}\n`, { mode: 0o755 });
  });
  work.finish([
    {
      names: [IMAGES.agent],
      layers: [work.layer('base', fillBase), ours],
      entrypoint: ['/usr/local/bin/skein-agent'],
    },
  ]);
  return archive;
}

function buildOthers(built: Built, say: (line: string) => void): string {
  const archive = join(CACHE, `images-${hashOf(built)}.tar`);
  if (existsSync(archive)) return archive;
  say('Making the images …');
  const work = openWork(archive);
  const { layer } = work;
  const single = (name: string, from: string, to: string) =>
    layer(name, (root) => {
      mkdirSync(join(root, to, '..'), { recursive: true });
      copyFileSync(from, join(root, to));
      chmodSync(join(root, to), 0o755);
    });
  const base = layer('base', fillBase);
  const tools = layer('tools', (root) => takePrograms(root, TOOLS));
  const { programs, network } = built;
  const images: Image[] = [
    {
      names: ['docker.io/rancher/mirrored-pause:3.6', 'registry.k8s.io/pause:3.10'],
      layers: [single('pause', join(programs, 'pause'), 'pause')],
      entrypoint: ['/pause'],
    },
    {
      names: [IMAGES.server],
      layers: [single('server', join(programs, 'server'), 'server')],
      entrypoint: ['/server'],
    },
    {
      // The suite of sigs.k8s.io/mcs-api names its images itself: what it calls in them is in this one.
      names: [IMAGES.toolbox, 'docker.io/alpine/socat:1.7.4.4', 'docker.io/nicolaka/netshoot:v0.15'],
      layers: [base, tools],
      entrypoint: [],
    },
    {
      names: [`ghcr.io/flannel-io/flannel:${FLANNEL}`],
      layers: [base, single('flanneld', join(network, 'flanneld'), 'opt/bin/flanneld')],
      entrypoint: ['/opt/bin/flanneld'],
    },
    {
      names: [`docker.io/rancher/mirrored-coredns-coredns:${COREDNS}`],
      layers: [single('coredns', join(network, 'coredns'), 'coredns')],
      entrypoint: ['/coredns'],
    },
  ];
  work.finish(images);
  return archive;
}

/** Layers are folders first, then tars; the archive appears whole or not at all. */
function openWork(archive: string) {
  const work = `${archive}.partial`;
  const folder = join(work, 'layers');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return {
    folder,
    layer(name: string, fill: (root: string) => void): Layer {
      const root = join(folder, name);
      mkdirSync(root, { recursive: true });
      fill(root);
      return layerOf(root, join(folder, `${name}.tar`));
    },
    finish(images: readonly Image[]): void {
      writeImages(images, join(work, 'images.tar'), join(work, 'archive'));
      renameSync(join(work, 'images.tar'), archive);
      rmSync(work, { recursive: true, force: true });
    },
  };
}

function fillBase(root: string): void {
  const extensions = `${execFileSync('sh', ['-c', 'dirname "$(find /usr/lib -path "*/xtables/libxt_comment.so" | head -1)"'], { encoding: 'utf8' }).trim()}`;
  takePrograms(root, BASE, [extensions]);
  for (const name of ['etc', 'run', 'tmp', 'proc', 'sys', 'dev', 'root', 'var/run', 'opt'])
    mkdirSync(join(root, name), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  // nft knows protocols by name from it, as Debian's netbase writes it.
  writeFileSync(join(root, 'etc/protocols'), 'icmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\nipv6-icmp 58 IPv6-ICMP\n');
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n',
  );
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');
}

/** Another build or another Debian gives other images. */
function hashOf(built: Built): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(import.meta.dirname).sort())
    hash.update(readFileSync(join(import.meta.dirname, name)));
  hash.update(built.network).update(built.programs);
  const files = [...Object.values(BASE), ...Object.values(TOOLS)].map(placeOf);
  hash.update(execFileSync('sha256sum', files));
  return hash.digest('hex').slice(0, 16);
}
