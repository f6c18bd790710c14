import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resultsFromInside } from '../seal/inside.ts';
import type { Shown } from './programs.inside.ts';

test('a machine sees the lab’s programs and cannot change them; its control groups go with it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skein-programs-'));
  const programs = join(directory, 'programs');
  await mkdir(join(programs, 'below'), { recursive: true });
  await writeFile(join(programs, 'below/told'), 'told\n');
  const seen = await resultsFromInside<Shown>(new URL('./programs.inside.ts', import.meta.url), {
    directory: join(directory, 'ground'),
    programs,
  });
  expect(seen.read).toBe('told\n');
  expect(seen.written).not.toBe(0);
  expect(await readFile(join(programs, 'below/told'), 'utf8')).toBe('told\n');
  expect(seen.groups).toEqual({
    hierarchies: seen.groups.hierarchies,
    // Where the kernel has the second version alone there are none to make.
    living: seen.groups.hierarchies,
    after: 0,
  });
  await rm(directory, { recursive: true, force: true });
});
