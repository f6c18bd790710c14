/** `./skein test`: every test, in an order that fails early. Each part's time is told. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment, NODE, ROOT } from '../config.ts';
import { runErrand } from './errand.ts';
import { BROWSER, HAS_LAB, prepare } from './prepare.ts';

interface Part {
  name: string;
  run: () => number | Promise<number>;
}

const bin = (name: string) => join(ROOT, 'node_modules/.bin', name);
const vitest = (project: string) => [
  NODE,
  join(ROOT, 'node_modules/vitest/vitest.mjs'),
  'run',
  '--project',
  project,
];

/** Tests that lack something must fail, wherever they run: nobody who asked for all tests wants fewer. */
const environment = () =>
  childEnvironment({
    CI: 'true',
    TURBO_TELEMETRY_DISABLED: '1',
    PATH: `${join(ROOT, 'node_modules/.bin')}:${childEnvironment({}).PATH}`,
  });

function run(command: readonly string[]): number {
  const [file, ...rest] = command;
  return spawnSync(file as string, rest, { cwd: ROOT, stdio: 'inherit', env: environment() }).status ?? 1;
}

const PARTS: readonly Part[] = [
  { name: 'format and lint', run: () => run([bin('biome'), 'check', '--error-on-warnings', '.']) },
  { name: 'types', run: () => run([bin('turbo'), 'run', 'types', '--output-logs=errors-only']) },
  { name: 'unit and property', run: () => run(vitest('pure')) },
  { name: 'integration', run: () => run(vitest('integration')) },
  { name: 'lab', run: () => run(vitest('lab')) },
  { name: 'browser', run: browser },
  { name: 'prove', run: () => run([NODE, join(ROOT, 'apps/local/main.ts'), 'prove']) },
];

/** The browser's first run needs a Skein that nobody has used yet: one in a sealed place of its own. */
async function browser(): Promise<number> {
  rmSync(BROWSER, { recursive: true, force: true });
  const code = await runErrand({
    directory: BROWSER,
    command: [
      NODE,
      '--disable-warning=ExperimentalWarning',
      join(ROOT, 'e2e/browser/in-stand.ts'),
      BROWSER,
      ...vitest('browser'),
    ],
    limitSeconds: 900,
  });
  if (code === 0) rmSync(BROWSER, { recursive: true, force: true });
  return code;
}

export async function test(): Promise<number> {
  if (!HAS_LAB) throw new Error('The tests need the lab, and the lab needs Linux.');
  await prepare(['lab', 'test'], (line) => console.log(line));
  const outcomes: { name: string; ok: boolean; seconds: number }[] = [];
  for (const part of PARTS) {
    console.log(`\n=== ${part.name}`);
    const started = performance.now();
    const ok = (await part.run()) === 0;
    outcomes.push({
      name: part.name,
      ok,
      seconds: Math.round((performance.now() - started) / 100) / 10,
    });
  }
  console.log('');
  for (const { name, ok, seconds } of outcomes)
    console.log(`${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(18)} ${seconds.toFixed(1)} s`);
  const failed = outcomes.filter(({ ok }) => !ok).length;
  console.log(`${outcomes.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
