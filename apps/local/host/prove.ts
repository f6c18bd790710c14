/** `./skein prove`: the main job as one check, in a sealed place of its own. The last line is JSON. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment, NODE, ROOT } from '../config.ts';
import { runErrand } from './errand.ts';
import { HAS_LAB, PROVE, prepare } from './prepare.ts';

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
  const code = await runErrand({
    directory: PROVE,
    command: [NODE, '--disable-warning=ExperimentalWarning', join(ROOT, 'e2e/prove/main.ts'), PROVE, result],
    limitSeconds: LIMIT_SECONDS,
  });

  const left = leftovers(before);
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

/** Programs that only machines of a lab run: a process of one of them in a new namespace is a machine left behind. */
const ON_MACHINES = ['/opt/skein/', 'wireguard-go'];

/** What of the stand is still there: mounts below its folder, processes that name it, machines, named namespaces. */
function leftovers(before: readonly string[]): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(PROVE));
  const left = mounts.map((line) => `mount ${line.split(' ')[4]}`);
  for (const pid of readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid,
  )) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      const machine = ON_MACHINES.some((program) => words.startsWith(program));
      const fresh = () => !before.includes(readlinkSync(`/proc/${pid}/ns/net`));
      if (words.includes(PROVE) || (machine && fresh())) left.push(`process ${pid} ${words.split('\0')[0]}`);
    } catch {
      // Ended meanwhile.
    }
  }
  return [
    ...left,
    ...named()
      .filter((name) => !before.includes(name))
      .map((name) => `namespace ${name}`),
  ];
}

/** Network namespaces with a name. */
const named = () =>
  execFileSync('ip', ['netns', 'list'], { encoding: 'utf8', env: childEnvironment({}) })
    .split('\n')
    .filter((line) => line !== '');

/** Network namespaces that any process here lives in, and those with a name. */
function namespaces(): string[] {
  const found = new Set<string>(named());
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      found.add(readlinkSync(`/proc/${pid}/ns/net`));
    } catch {
      // Ended meanwhile, or not ours to look at.
    }
  }
  return [...found];
}
