/** Takes programs of this Debian, with the libraries that they load, into the folder of an image's layer. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const PLACES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const MERGED = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];

/** @throws Error for a program that is not on this machine */
export function placeOf(program: string): string {
  const place = PLACES.map((folder) => join(folder, program)).find((path) => existsSync(path));
  if (place === undefined) throw new Error(`${program} is not on this machine`);
  return place;
}

/**
 * @param programs name in the image to program here; each goes to /usr/bin there
 * @param more whole folders, for what programs load by themselves
 */
export function takePrograms(
  root: string,
  programs: Readonly<Record<string, string>>,
  more: readonly string[] = [],
): void {
  mkdirSync(root, { recursive: true });
  // Debian's own layout: what is called /bin or /lib lies below /usr.
  for (const name of MERGED) {
    if (!existsSync(`/${name}`) || !lstatSync(`/${name}`).isSymbolicLink()) continue;
    mkdirSync(join(root, 'usr', name), { recursive: true });
    if (!existsSync(join(root, name))) symlinkSync(readlinkSync(`/${name}`), join(root, name));
  }
  for (const [name, program] of Object.entries(programs)) {
    const file = realpathSync(placeOf(program));
    copy(file, join(root, 'usr/bin', name));
    takeLibraries(root, file);
  }
  for (const folder of more)
    cpSync(folder, join(root, below(folder)), { recursive: true, dereference: true });
}

/** What a program of this machine's kind would load here. */
export function takeLibraries(root: string, file: string): void {
  for (const library of librariesOf(file)) copy(library, join(root, below(library)));
}

const below = (path: string) => (MERGED.includes(path.split('/')[1] ?? '') ? `/usr${path}` : path);

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

/** What the loader would load, and the loader itself. */
function librariesOf(file: string): string[] {
  let listed: string;
  try {
    listed = execFileSync('ldd', [file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    // It says so by its exit code when a program is a static one.
    return [];
  }
  return [...listed.matchAll(/(?:=> |^\s+)(\/\S+)/gm)].map((match) => match[1] as string);
}
