/** `./skein test`: every test, in an order that fails early. Each part's time is told. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { childEnvironment, NODE, ROOT } from '../config.ts';
import { HAS_LAB, prepare } from './prepare.ts';

interface Part {
  name: string;
  command: readonly string[];
}

const bin = (name: string) => join(ROOT, 'node_modules/.bin', name);
const vitest = (project: string) => [
  NODE,
  join(ROOT, 'node_modules/vitest/vitest.mjs'),
  'run',
  '--project',
  project,
];
const PARTS: readonly Part[] = [
  { name: 'format and lint', command: [bin('biome'), 'check', '--error-on-warnings', '.'] },
  { name: 'types', command: [bin('turbo'), 'run', 'types', '--output-logs=errors-only'] },
  { name: 'unit and property', command: vitest('pure') },
  { name: 'integration', command: vitest('integration') },
  { name: 'lab', command: vitest('lab') },
  { name: 'browser', command: vitest('browser') },
  { name: 'prove', command: [NODE, join(ROOT, 'apps/local/main.ts'), 'prove'] },
];

export async function test(): Promise<number> {
  if (!HAS_LAB) throw new Error('The tests need the lab, and the lab needs Linux.');
  await prepare(['lab', 'test'], (line) => console.log(line));
  const outcomes: { name: string; ok: boolean; seconds: number }[] = [];
  for (const part of PARTS) {
    console.log(`\n=== ${part.name}`);
    const started = performance.now();
    const [file, ...rest] = part.command;
    const path = `${join(ROOT, 'node_modules/.bin')}:${childEnvironment({}).PATH}`;
    const result = spawnSync(file as string, rest, {
      cwd: ROOT,
      stdio: 'inherit',
      // Tests that lack something must fail, wherever they run: nobody who asked for all tests wants fewer.
      env: { ...childEnvironment({ CI: 'true', TURBO_TELEMETRY_DISABLED: '1' }), PATH: path },
    });
    outcomes.push({
      name: part.name,
      ok: result.status === 0,
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
