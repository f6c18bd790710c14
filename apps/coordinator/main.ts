/** The agents' end of the control plane: serves the agent, lets nodes in, and tells each what changed for it. */
import { setFlagsFromString } from 'node:v8';
import { readConfig } from './config.ts';
import { startCoordinator } from './coordinator.ts';
import { say, wordsOf } from './log.ts';

const CLOSE_SECONDS = 10;

// Left alone, V8 lets the young generation grow to tens of megabytes under a burst of deltas and keeps them: more than
// all agents together. What a delta needs dies at once, so a small one is collected as quickly.
setFlagsFromString('--semi-space-growth-factor=1');

try {
  const coordinator = await startCoordinator(readConfig());
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      say('stopping', { signal });
      setTimeout(() => process.exit(1), CLOSE_SECONDS * 1000).unref();
      coordinator.close().then(
        () => process.exit(0),
        (error) => {
          say('not stopped cleanly', { error: wordsOf(error) });
          process.exit(1);
        },
      );
    });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
