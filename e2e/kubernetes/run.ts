/**
 * `npm run e2e:kubernetes`: everything that is tested on real Kubernetes, in a sealed place. Words after `--` go to
 * vitest (`npm run e2e:kubernetes -- cluster`).
 */
import { join } from 'node:path';
import { sealedSpawn } from '@skein/lab/seal/enter.ts';
import { childEnvironment, NODE, ROOT } from '@skein/local/config.ts';
import { HANDED_ON } from './config.ts';
import { prepareDistribution } from './distribution.ts';

try {
  await prepareDistribution((line) => console.log(line));
  const vitest = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'kubernetes'];
  const seal = await sealedSpawn([NODE, ...vitest, ...process.argv.slice(2)], {
    cwd: ROOT,
    env: childEnvironment({ CI: 'true', ...HANDED_ON }),
    stdio: 'inherit',
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void seal.stop());
  process.exitCode = await seal.ended;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
