/**
 * Builds that the product needs before it starts: the dashboard, and the agent's archive. Each is skipped while
 * nothing that goes into it has changed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildAgent } from '@skein/agent/build.ts';
import { BUILD, childEnvironment, NODE, ROOT } from '../config.ts';

const WEB = join(ROOT, 'apps/web');
/** The dashboard's server as `next build` leaves it. */
export const WEB_SERVER = join(WEB, '.next/standalone/apps/web/server.js');
export const AGENT_DISTRIBUTION = join(BUILD, 'agent-dist');

const WEB_INPUTS = [
  'apps/web',
  'packages',
  'prisma/schema.prisma',
  'package-lock.json',
  'tsconfig.base.json',
];
/** Not inputs; the files among them are written by builds and checks themselves. */
const LEFT_OUT = new Set(['node_modules', '.next', '.turbo', 'next-env.d.ts', 'tsconfig.tsbuildinfo']);

function hashOf(inputs: readonly string[]): string {
  const hash = createHash('sha256');
  const visit = (path: string) => {
    const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (LEFT_OUT.has(entry.name) || entry.name.endsWith('.test.ts')) continue;
      const child = join(path, entry.name);
      if (entry.isDirectory()) visit(child);
      else if (entry.isFile()) hash.update(child.slice(ROOT.length)).update(readFileSync(child));
    }
  };
  for (const input of inputs) {
    const path = join(ROOT, input);
    if (existsSync(join(path, '.')) && !input.includes('.')) visit(path);
    else hash.update(readFileSync(path));
  }
  return hash.digest('hex');
}

/** Builds the dashboard's production server. @throws Error with what `next build` printed. */
export function buildWeb(say: (line: string) => void): void {
  const stamp = join(WEB, '.next/skein-inputs');
  const wanted = hashOf(WEB_INPUTS);
  if (existsSync(WEB_SERVER) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('Building the dashboard …');
  const built = spawnSync(NODE, [join(ROOT, 'node_modules/next/dist/bin/next'), 'build'], {
    cwd: WEB,
    env: childEnvironment({ NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' }),
    encoding: 'utf8',
    timeout: 600_000,
  });
  if (built.status !== 0)
    throw new Error(`The dashboard could not be built:\n${(built.stdout + built.stderr).slice(-4000)}`);
  // A standalone server expects its static files beside it (Next's own deployment guide).
  cpSync(join(WEB, '.next/static'), join(WEB, '.next/standalone/apps/web/.next/static'), { recursive: true });
  if (existsSync(join(WEB, 'public')))
    cpSync(join(WEB, 'public'), join(WEB, '.next/standalone/apps/web/public'), { recursive: true });
  writeFileSync(stamp, wanted);
}

/** Builds the archive that nodes fetch. */
export async function buildAgentArchive(say: (line: string) => void): Promise<void> {
  mkdirSync(AGENT_DISTRIBUTION, { recursive: true });
  if (!existsSync(join(AGENT_DISTRIBUTION, 'install.sh'))) say('Packing the agent …');
  await buildAgent({ outDirectory: AGENT_DISTRIBUTION });
}
