/** What the realiser remembers in `ground.json`, so that a new lab process adopts what stands. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Ground } from './ground.ts';
import type { Plan } from './plan.ts';

const saved = z.object({
  version: z.literal(2),
  /** True from before the kernel is changed until after: what stands is then somewhere between. */
  underWay: z.boolean(),
  numbers: z.object({ realms: z.record(z.string(), z.number()), machines: z.record(z.string(), z.number()) }),
  /** First processes of the machines. */
  processes: z.record(z.string(), z.number()),
  // Written and read by the same program only: its own types say what is in them.
  plan: z.custom<Plan>((value) => typeof value === 'object' && value !== null),
  ground: z.custom<Ground>((value) => typeof value === 'object' && value !== null),
});
export type Saved = z.infer<typeof saved>;

/** Null when there is none, or one that an older version wrote: what stands is then made anew. */
export async function loadState(directory: string): Promise<Saved | null> {
  const text = await readFile(join(directory, 'ground.json'), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    },
  );
  if (text === null) return null;
  const parsed = saved.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : null;
}

/** Replaces the file in one step: a killed process leaves the old one or the new one. User-data may hold secrets. */
export async function saveState(directory: string, state: Saved): Promise<void> {
  const path = join(directory, 'ground.json');
  await writeFile(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
  await rename(`${path}.new`, path);
}
