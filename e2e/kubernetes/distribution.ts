/**
 * What a machine of the lab sees as `/opt/lab`: releases of k3s, or of what stands in for it, images, an installer.
 * Assembled of links to what the cache holds.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { AGENT_DISTRIBUTION, buildAgentArchive } from '@skein/local/install/build.ts';
import { installDebian } from '@skein/local/install/debian.ts';
import { type Built, buildBinaries, PARTS } from './binaries/build.ts';
import { RELEASES } from './binaries/versions.ts';
import { CACHE, REAL_K3S } from './config.ts';
import { buildImages } from './images/images.ts';

/** Where a machine finds the installer. */
export const INSTALLER = 'file:///opt/lab/k3s-install.sh';
const SCRIPTS = ['as-node.sh', 'k3s-install.sh'];

export interface Distribution {
  /** On this machine; `/opt/lab` on those of the lab. */
  directory: string;
  /** What the installer can install, oldest first. */
  releases: readonly string[];
  built: Built;
}

/** Builds and assembles what is missing. @throws Error that says what a person must do, where we cannot do it */
export async function prepareDistribution(say: (line: string) => void): Promise<Distribution> {
  installDebian(['lab', 'kubernetes'], say);
  const built = await buildBinaries(say);
  await buildAgentArchive(say);
  const agent = {
    archive: join(AGENT_DISTRIBUTION, `agent-linux-${process.arch}.tar.gz`),
    installer: join(AGENT_DISTRIBUTION, 'install.sh'),
  };
  const images = buildImages(built, agent, say);
  const releases = REAL_K3S === null ? RELEASES : [releaseOf(REAL_K3S)];
  const hash = createHash('sha256').update(JSON.stringify([built, images, releases]));
  if (REAL_K3S !== null) hash.update(readFileSync(REAL_K3S));
  for (const name of SCRIPTS) hash.update(readFileSync(scriptOf(name)));
  const directory = join(CACHE, `lab-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(directory))
    for (const path of [directory, ...images]) utimesSync(path, new Date(), new Date());
  else assemble(directory, { built, images, releases });
  forgetOld();
  return { directory, releases, built };
}

const DAY_MILLISECONDS = 24 * 3600 * 1000;
/** Agents change every day, and each has an image: what nobody has asked for since yesterday goes. */
function forgetOld(): void {
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    if (/^(agent|lab)-/.test(name) && Date.now() - statSync(path).mtimeMs > DAY_MILLISECONDS)
      rmSync(path, { recursive: true, force: true });
  }
}

const scriptOf = (name: string) => join(import.meta.dirname, 'machine', name);

function assemble(
  directory: string,
  { built, images, releases }: { built: Built; images: readonly string[]; releases: readonly string[] },
): void {
  const partial = `${directory}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(join(partial, 'images'), { recursive: true });
  for (const name of SCRIPTS) copyFileSync(scriptOf(name), join(partial, name));
  for (const image of images) linkSync(image, join(partial, 'images', basename(image)));
  for (const release of releases) {
    const home = join(partial, 'releases', release);
    mkdirSync(home, { recursive: true });
    if (REAL_K3S !== null) {
      copyFileSync(REAL_K3S, join(home, 'k3s'));
      continue;
    }
    linkSync(join(built.programs, `k3s-${release}`), join(home, 'k3s'));
    linkSync(join(built.programs, 'flannel'), join(home, 'flannel'));
    linkSync(join(built.network, 'flanneld'), join(home, 'flanneld'));
    linkSync(join(built.kubernetes, `kubernetes-${release}`), join(home, 'kubernetes'));
    for (const part of PARTS) symlinkSync('kubernetes', join(home, part));
  }
  renameSync(partial, directory);
}

/** `k3s version v1.34.1+k3s1 (abcdef)` */
function releaseOf(k3s: string): string {
  const said = execFileSync(k3s, ['--version'], { encoding: 'utf8' });
  const release = /v\d+\.\d+\.\d+\+k3s\d+/.exec(said)?.[0];
  if (release === undefined) throw new Error(`${basename(k3s)} says of itself: ${said.slice(0, 200)}`);
  return release;
}
