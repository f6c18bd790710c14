import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { bundleAgent, tarEntry } from './build.ts';
import { VERSION } from './config.ts';

const directory = mkdtempSync(join(tmpdir(), 'skein-build-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('the bundle is the same each time, runs alone, and says its version', async () => {
  const bundle = await bundleAgent();
  expect(bundle.equals(await bundleAgent())).toBe(true);
  const file = join(directory, 'agent.mjs');
  writeFileSync(file, bundle);
  const said = execFileSync(process.execPath, [file, '--version'], { cwd: directory, encoding: 'utf8' });
  expect(said).toBe(`${VERSION}\n`);
  const wrong = spawnSync(process.execPath, [file, 'fly'], { cwd: directory, encoding: 'utf8' });
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toContain('unknown command fly');
});

test('tar reads our archives', () => {
  const archive = join(directory, 'some.tar.gz');
  const tar = Buffer.concat([
    tarEntry('skein/node', 0o755, Buffer.from('x'.repeat(600))),
    tarEntry('skein/agent.mjs', 0o644, Buffer.from('hello\n')),
    Buffer.alloc(1024),
  ]);
  writeFileSync(archive, gzipSync(tar));
  const listed = execFileSync('tar', ['--utc', '-tvzf', archive], { encoding: 'utf8' });
  expect(listed).toMatch(
    /^-rwxr-xr-x root\/root +600 1970-01-01 00:00 skein\/node\n-rw-r--r-- root\/root +6 /,
  );
  expect(execFileSync('tar', ['-xzOf', archive, 'skein/agent.mjs'], { encoding: 'utf8' })).toBe('hello\n');
});

test('the install script is plain sh', () => {
  const script = fileURLToPath(new URL('./install.sh', import.meta.url));
  expect(execFileSync('sh', ['-n', script], { encoding: 'utf8' })).toBe('');
});
