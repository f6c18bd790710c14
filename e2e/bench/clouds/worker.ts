/**
 * A worker in a process of its own, as `apps/worker/main.ts` starts it, that waits to be told for which installation it
 * works: the clouds' SDKs are loaded by then, so that a benchmark need not pay for that with each kill.
 */
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { REGISTRY } from '@skein/clouds/registry.ts';
import { TIMING } from '@skein/control/operation/engine/step-run.ts';
import { HANDLERS } from '@skein/control/operation/step/handlers.ts';
import { readConfig } from '@skein/worker/config.ts';
import { startWorker } from '@skein/worker/worker.ts';

export interface Order {
  environment: Record<string, string>;
  /** File with the certificate that the lab's Azure is signed with. */
  authority: string;
}

await Promise.all([
  ...Object.values(REGISTRY).map(({ provider }) => provider.load()),
  import('@aws-sdk/client-route-53'),
  import('@google-cloud/dns'),
  import('@azure/arm-dns'),
  import('@azure/arm-privatedns'),
]);

process.once('message', async ({ environment, authority }: Order) => {
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(authority, 'utf8')]);
  await startWorker(readConfig(environment), {
    handlers: HANDLERS,
    timing: TIMING,
    log: (level, message, details = {}) => {
      if (level !== 'info') process.stderr.write(`worker: ${message} ${JSON.stringify(details)}\n`);
    },
  });
  process.send?.('working');
});
// Written when a process ends by itself, which none of these does: without it each would compile everything anew.
flushCompileCache();
// Whoever ends the benchmark rudely leaves no worker behind.
process.once('disconnect', () => process.exit(1));
process.send?.('loaded');
