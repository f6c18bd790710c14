/** The lab's clouds on loopback, over a ground of paper: what the compliance suites of this folder run against. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trustAuthority } from '@skein/lab/azure/trust.ts';
import type { MachineStatus } from '@skein/lab/ground/ground.ts';
import { paperRealiser } from '@skein/lab/ground/paper.ts';
import { type RunningLab, startLab } from '@skein/lab/start.ts';

export interface PaperLab extends RunningLab {
  /** While held, machines stay pending. */
  holdMachines: (hold: boolean) => void;
}

/** Starts a lab with fresh accounts on free ports; `close` removes all of it. */
export async function startPaperLab(): Promise<PaperLab> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-compliance-'));
  const paper = paperRealiser();
  let held = false;
  const status = (id: string): MachineStatus | undefined => {
    const known = paper.status(id);
    return known && held ? { ...known, state: 'pending' } : known;
  };
  const lab = await startLab({
    directory,
    realiser: { ...paper, status },
    host: '127.0.0.1',
  });
  await trustAuthority(lab.caFile);
  return {
    ...lab,
    holdMachines: (hold) => {
      held = hold;
    },
    close: async () => {
      await lab.close();
      await paper.close();
      await rm(directory, { recursive: true });
    },
  };
}
