/** What a benchmark of provisioning stands on: an embedded Postgres, and an installation with a lab of its own a run. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded } from '@skein/database/embedded.ts';
import { COORDINATOR_URL, type Practice, practise } from '../../provision/practice.ts';
import type { Order } from './worker.ts';

export interface Place {
  /** A fresh installation: database, lab on paper, simulated agents, an account in each cloud. */
  open(): Promise<Practice>;
  close(): Promise<void>;
}

export async function openPlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-bench-'));
  const postgres = await startEmbedded(join(directory, 'postgres'), await freePort());
  return {
    open: () => practise(postgres.url),
    async close() {
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What a worker of this installation is told. Drift is not looked for: it is no part of what is measured. */
export function orderFor(practice: Practice): Order {
  return {
    environment: {
      DATABASE_URL: practice.fresh.url,
      SKEIN_MASTER_KEY_FILE: practice.masterKeyFile,
      SKEIN_COORDINATOR_URL: COORDINATOR_URL,
      SKEIN_DRIFT_SECONDS: '86400',
    },
    authority: practice.lab.caFile,
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
