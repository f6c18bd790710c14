/** `./skein prove`: the main job as one check, in a sealed place of its own. The last line is JSON. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICES } from '@skein/lab/ground/ground.ts';
import { INSIDE, NODE, ROOT } from '../config.ts';
import { HAS_LAB, PROVE, prepare } from './prepare.ts';
import { startStand } from './stand.ts';

/** The whole run is bounded; a stuck one ends by itself. */
const LIMIT_SECONDS = 900;

export async function prove(): Promise<number> {
  if (!HAS_LAB) throw new Error('The proof needs the lab, and the lab needs Linux.');
  const started = performance.now();
  const since = (from: number) => Math.round((performance.now() - from) / 100) / 10;
  await prepare(['lab'], (line) => console.log(line));
  const installSeconds = since(started);
  rmSync(PROVE, { recursive: true, force: true });
  const before = namespaces();

  const standStarted = performance.now();
  const result = join(PROVE, 'prove.json');
  const stand = await startStand(
    {
      directory: PROVE,
      lab: true,
      publicUrl: `http://127.0.0.1:${INSIDE.web}`,
      coordinatorUrl: `http://${SERVICES.controlPlane}:${INSIDE.coordinator}`,
      errand: [NODE, '--disable-warning=ExperimentalWarning', join(ROOT, 'e2e/prove/main.ts'), PROVE, result],
    },
    'inherit',
  );
  const limit = setTimeout(() => void stand.stop(), LIMIT_SECONDS * 1000);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stand.stop());
  const code = await stand.ended;
  clearTimeout(limit);

  const left = [
    ...leftovers(),
    ...namespaces()
      .filter((id) => !before.includes(id))
      .map((id) => `namespace ${id}`),
  ];
  for (const one of left) console.log(`✗ left on this machine: ${one}`);
  if (!existsSync(result)) {
    const log = join(PROVE, 'log/stand.log');
    console.log(existsSync(log) ? readFileSync(log, 'utf8').slice(-3000) : '');
    console.log(
      JSON.stringify({
        ok: false,
        problem: `the proof did not come to its end (exit ${code}); logs are in ${join(PROVE, 'log')}`,
      }),
    );
    return 1;
  }
  const report = JSON.parse(readFileSync(result, 'utf8'));
  const ok = report.ok && left.length === 0 && code === 0;
  report.ok = ok;
  report.leftovers += left.length;
  report.seconds = {
    install: installSeconds,
    ...report.seconds,
    total: since(started),
    withoutInstall: since(standStarted),
  };
  if (ok) rmSync(PROVE, { recursive: true, force: true });
  else console.log(`Logs are kept in ${join(PROVE, 'log')}`);
  console.log(JSON.stringify(report));
  return ok ? 0 : 1;
}

/** Mounts below our folder and processes that work in it. */
function leftovers(): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(PROVE));
  const processes = readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(PROVE);
    } catch {
      return false;
    }
  });
  return [
    ...mounts.map((line) => `mount ${line.split(' ')[4]}`),
    ...processes.map((pid) => `process ${pid}`),
  ];
}

/** Network namespaces that any process here lives in, and those with a name. */
function namespaces(): string[] {
  const found = new Set<string>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      found.add(readlinkSync(`/proc/${pid}/ns/net`));
    } catch {
      // Ended meanwhile, or not ours to look at.
    }
  }
  const named = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
  return [...found, ...named];
}
