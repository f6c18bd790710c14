/** Where Kubernetes for tests is kept and built with what: the only file here that reads the environment. */
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { z } from 'zod';

const folder = z.string().refine(isAbsolute, 'must be an absolute path');
const Environment = z.object({
  PATH: z.string().default(''),
  XDG_CACHE_HOME: folder.optional(),
  /** A real k3s, used in the place of the stand-in. */
  SKEIN_K3S: folder.optional(),
});

const environment = Environment.parse(process.env);

/** Outside the checkout: what is built here takes minutes and is the same for every checkout. */
export const CACHE = join(environment.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'skein/kubernetes');
export const REAL_K3S = environment.SKEIN_K3S ?? null;
/** What children must be told, so that they find the same. */
export const HANDED_ON: Record<string, string> = Object.fromEntries(
  Object.entries({ XDG_CACHE_HOME: environment.XDG_CACHE_HOME, SKEIN_K3S: environment.SKEIN_K3S }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  ),
);

/** @throws Error that says what to do, where there is no Go */
export function goCommand(): string {
  for (const place of [...environment.PATH.split(delimiter), '/usr/local/go/bin']) {
    const path = join(place, 'go');
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next place.
    }
  }
  throw new Error(
    'Go is missing, and Kubernetes is built from its Go modules for these tests. Install Go 1.25 or later (go.dev/doc/install), in PATH or in /usr/local/go, and run this again.',
  );
}

/** What Go's tools need of our environment; nothing of it may change what they build. */
export function goEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(GOFLAGS|GOOS|GOARCH|CGO_)/.test(name));
  return {
    ...Object.fromEntries(kept),
    CGO_ENABLED: '0',
    GOFLAGS: '-trimpath -mod=readonly -buildvcs=false',
    // Another Go than the one at hand is not fetched.
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
  };
}
