/**
 * The `./skein` command: puts what is missing on the machine, stands everything up in the sealed place, tells what
 * happens. This file holds where things are; no other file of this room reads the environment.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const Environment = z.object({
  /** Used where there is no lab. The sealed place reaches nothing outside itself, and brings its own. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  SKEIN_PORT: z.coerce.number().int().min(1024).max(65000).default(7400),
});

const parsed = Environment.safeParse(process.env);
if (!parsed.success) {
  console.error(`The environment is wrong:\n${z.prettifyError(parsed.error)}`);
  process.exit(2);
}

/** Root of the checkout. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** Everything that Skein writes on this machine is below this folder. */
export const STATE = join(ROOT, '.skein');
/** What builds leave: the agent's archive. Shared by `up` and `prove`, kept by `down`. */
export const BUILD = join(STATE, 'build');
export const NODE = process.execPath;
export const DATABASE_URL = parsed.data.DATABASE_URL ?? null;
export const REDIS_URL = parsed.data.REDIS_URL ?? null;

/** First of five ports on 127.0.0.1: dashboard, coordinator, AWS lab, Google Cloud lab, Azure lab. */
export const FIRST_PORT = parsed.data.SKEIN_PORT;
/** The same five inside the seal, and Postgres; nothing else lives there, so they never collide. */
export const INSIDE = {
  web: 7400,
  coordinator: 7401,
  aws: 7402,
  gcp: 7403,
  azure: 7404,
  postgres: 7405,
} as const;
export const DOORS = ['web', 'coordinator', 'aws', 'gcp', 'azure'] as const;

/** The environment handed to a child: ours, without anything that the children read from their own settings. */
export function childEnvironment(settings: Record<string, string>): NodeJS.ProcessEnv {
  const { PATH, HOME, LANG, TERM } = process.env;
  return {
    PATH: `${PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin`,
    ...(HOME && { HOME }),
    ...(LANG && { LANG }),
    ...(TERM && { TERM }),
    ...settings,
  };
}
