/**
 * Writes container images into one archive, as `ctr images import` takes it
 * (opencontainers/image-spec v1.1: image-layout.md, manifest.md, config.md). Nothing is compressed: they never leave
 * this machine.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, linkSync, mkdirSync, openSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Layer {
  /** An uncompressed tar. */
  path: string;
  /** `sha256:…` of it. */
  digest: string;
  bytes: number;
}

export interface Image {
  /** All names that it is known by, each with registry and tag: `docker.io/library/server:1`. */
  names: readonly string[];
  layers: readonly Layer[];
  entrypoint: readonly string[];
  environment?: Readonly<Record<string, string>>;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Makes a layer of a folder; the same content gives the same bytes. */
export function layerOf(folder: string, path: string): Layer {
  tar(folder, path);
  return { path, digest: `sha256:${digestOf(path)}`, bytes: statSync(path).size };
}

/**
 * What several images share is in the archive once.
 * @param scratch a folder for this alone, on the same file system as the layers
 */
export function writeImages(images: readonly Image[], archive: string, scratch: string): void {
  rmSync(scratch, { recursive: true, force: true });
  const blobs = join(scratch, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (value: object, mediaType: string) => {
    const text = JSON.stringify(value);
    const hex = createHash('sha256').update(text).digest('hex');
    writeFileSync(join(blobs, hex), text);
    return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(text) };
  };
  for (const { path, digest } of new Set(images.flatMap(({ layers }) => layers)))
    linkSync(path, join(blobs, digest.slice('sha256:'.length)));
  const architecture = ARCHITECTURES[process.arch];
  if (architecture === undefined) throw new Error(`No images are made for ${process.arch}`);
  const manifests = images.flatMap((image) => {
    const config = put(
      {
        architecture,
        os: 'linux',
        config: {
          Entrypoint: image.entrypoint,
          Env: Object.entries({ PATH, ...image.environment }).map(([name, value]) => `${name}=${value}`),
        },
        rootfs: { type: 'layers', diff_ids: image.layers.map(({ digest }) => digest) },
      },
      'application/vnd.oci.image.config.v1+json',
    );
    const manifest = put(
      {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config,
        layers: image.layers.map(({ digest, bytes }) => ({
          mediaType: 'application/vnd.oci.image.layer.v1.tar',
          digest,
          size: bytes,
        })),
      },
      'application/vnd.oci.image.manifest.v1+json',
    );
    return image.names.map((name) => ({
      ...manifest,
      annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name },
    }));
  });
  const index = { schemaVersion: 2, manifests };
  writeFileSync(join(scratch, 'index.json'), JSON.stringify(index));
  writeFileSync(join(scratch, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  tar(scratch, archive);
  rmSync(scratch, { recursive: true, force: true });
}

function tar(folder: string, path: string): void {
  const made = spawnSync(
    'tar',
    [
      ...[
        '--create',
        '--file',
        path,
        '--directory',
        folder,
        '--sort=name',
        '--mtime=@0',
        '--hard-dereference',
      ],
      ...['--owner=0', '--group=0', '--numeric-owner', '.'],
    ],
    { encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`tar of ${folder}: ${made.stderr || made.error?.message}`);
}

function digestOf(path: string): string {
  const hash = createHash('sha256');
  const file = openSync(path, 'r');
  const chunk = Buffer.alloc(1024 * 1024);
  for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk))
    hash.update(chunk.subarray(0, read));
  closeSync(file);
  return hash.digest('hex');
}
