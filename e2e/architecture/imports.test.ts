/**
 * Imports point down, planning stays pure, the environment is read in one place an app. The first column of the table
 * in docs/architecture.md, as a test.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

const BELOW_CONTROL = ['contract', 'mesh', 'kubernetes', 'clouds', 'dns', 'queue', 'database'];
/** Room -> the rooms of ours that it may import. */
const ALLOWED: Record<string, readonly string[]> = {
  'packages/contract': [],
  'packages/mesh': ['contract'],
  'packages/kubernetes': ['contract'],
  'packages/clouds': ['contract'],
  // Route 53 is opened by the same credentials as EC2.
  'packages/dns': ['contract', 'clouds'],
  'packages/queue': ['contract'],
  'packages/database': ['contract'],
  'packages/control': BELOW_CONTROL,
  'packages/api': [...BELOW_CONTROL, 'control'],
  'apps/web': [...BELOW_CONTROL, 'control', 'api'],
  'apps/worker': [...BELOW_CONTROL, 'control'],
  'apps/coordinator': [...BELOW_CONTROL, 'control'],
  // It applies the objects, and knows which requests of the control plane it may pass on.
  'apps/agent': ['contract', 'mesh', 'kubernetes'],
  'apps/lab': [],
  // The conductor starts the others: it knows how the agent is built, how the seal is entered, how a first token is made.
  'apps/local': [...BELOW_CONTROL, 'control', 'agent', 'lab'],
};

function sources(): string[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.tsx'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return listed.split('\n').filter((file) => file !== '');
}

const IMPORT = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;
const roomOf = (file: string) => file.split('/').slice(0, 2).join('/');
const isTest = (file: string) => /\.test\.tsx?$/.test(file) || file.includes('/test/');

function importsOf(file: string): string[] {
  return [...readFileSync(join(ROOT, file), 'utf8').matchAll(IMPORT)].map((match) => match[1] as string);
}

describe('imports', () => {
  const files = sources();

  it('are read from every room', () => {
    const rooms = new Set(files.map(roomOf));
    for (const room of Object.keys(ALLOWED)) expect(rooms, room).toContain(room);
  });

  it('point down', () => {
    const wrong: string[] = [];
    for (const file of files) {
      const allowed = ALLOWED[roomOf(file)];
      if (!allowed) continue;
      for (const target of importsOf(file)) {
        const ours = /^@skein\/([a-z]+)/.exec(target)?.[1];
        if (ours && ours !== roomOf(file).split('/')[1] && !allowed.includes(ours))
          wrong.push(`${file} -> ${target}`);
        if (target.startsWith('.')) {
          const reached = join(file, '..', target);
          if (roomOf(reached) !== roomOf(file)) wrong.push(`${file} -> ${target} (leaves its room)`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('every workspace a room imports stands in its package.json', () => {
    const wrong: string[] = [];
    for (const file of files) {
      const room = roomOf(file);
      if (!ALLOWED[room]) continue;
      const manifest = JSON.parse(readFileSync(join(ROOT, room, 'package.json'), 'utf8'));
      const named = { ...manifest.dependencies, ...manifest.devDependencies };
      for (const target of importsOf(file)) {
        const ours = /^@skein\/[a-z]+/.exec(target)?.[0];
        if (ours && ours !== manifest.name && !(ours in named)) wrong.push(`${file} -> ${ours}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('planning does no IO and reads no clock', () => {
    const wrong: string[] = [];
    const pure = ['packages/mesh', 'packages/kubernetes'];
    for (const file of files.filter((name) => pure.includes(roomOf(name)) && !isTest(name))) {
      if (file.endsWith('/write-chart.ts')) continue;
      for (const target of importsOf(file)) {
        if (target.startsWith('node:') && target !== 'node:crypto') wrong.push(`${file} -> ${target}`);
      }
      const text = readFileSync(join(ROOT, file), 'utf8');
      for (const impure of [
        'Date.now(',
        'new Date()',
        'Math.random(',
        'randomBytes(',
        'getRandomValues(',
        'process.',
        'fetch(',
      ]) {
        if (text.includes(impure)) wrong.push(`${file}: ${impure}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('the environment is read in config.ts alone', () => {
    const reads = files.filter(
      (file) =>
        !/(^|\/)config\.ts$/.test(file) &&
        !isTest(file) &&
        file !== 'e2e/architecture/imports.test.ts' &&
        readFileSync(join(ROOT, file), 'utf8').includes('process.env'),
    );
    expect(reads.filter((file) => !/(next|prisma|vitest|playwright)\.config\.ts$/.test(file))).toEqual([]);
  });
});
