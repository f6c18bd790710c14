/** Starts the worker and stops it in good order: steps under way are put back for the next worker. */
import { TIMING } from '@skein/control/operation/engine/step-run.ts';
import { HANDLERS } from '@skein/control/operation/step/handlers.ts';
import { readConfig } from './config.ts';
import { logToOutput } from './log.ts';
import { startWorker } from './worker.ts';

const CLOSE_SECONDS = 20;

try {
  const worker = await startWorker(readConfig(), { handlers: HANDLERS, timing: TIMING, log: logToOutput });
  logToOutput('info', 'ready');
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      logToOutput('info', 'stopping', { signal });
      // Leases run out by themselves: ending late is worse than ending rudely.
      setTimeout(() => process.exit(1), CLOSE_SECONDS * 1000).unref();
      worker.close().then(
        () => process.exit(0),
        (error: unknown) => {
          logToOutput('error', 'not stopped cleanly', { error: String(error) });
          process.exit(1);
        },
      );
    });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
