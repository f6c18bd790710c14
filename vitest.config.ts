/**
 * Which tests need what: `pure` nothing, `integration` a real Postgres, `lab` root and namespaces, `browser` Chromium,
 * `kubernetes` what `npm run e2e:kubernetes` builds, and the sealed place that it runs them in.
 */
import { defineConfig } from 'vitest/config';

const everywhere = ['apps/**', 'packages/**', 'e2e/**'];
const named = (ending: string) => everywhere.map((where) => `${where}/*${ending}`);
const never = ['**/node_modules/**', '**/.next/**', '.skein/**'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          maxWorkers: 2,
          // They take milliseconds; a machine that does other things too is no failure of theirs.
          testTimeout: 20_000,
          include: named('.test.ts'),
          exclude: [
            ...never,
            ...['integration', 'lab', 'browser', 'kubernetes'].map((name) => `**/*.${name}.test.ts`),
          ],
        },
      },
      {
        test: {
          name: 'integration',
          // They mostly wait: for clouds that are slow on purpose, for boots, for paces that clouds ask for.
          maxWorkers: 4,
          include: named('.integration.test.ts'),
          exclude: never,
          globalSetup: ['./e2e/setup/postgres.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'lab',
          // Each file stands in namespaces of its own, and mostly waits for packets.
          maxWorkers: 2,
          include: named('.lab.test.ts'),
          exclude: never,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['e2e/browser/**/*.browser.test.ts'],
          exclude: never,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'kubernetes',
          include: named('.kubernetes.test.ts'),
          exclude: never,
          // They share one place, whose addresses there are once.
          fileParallelism: false,
          globalSetup: ['./e2e/setup/postgres.ts'],
          testTimeout: 180_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
