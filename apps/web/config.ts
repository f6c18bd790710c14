/** The dashboard's settings, read once at the first request, naming every problem at once. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const Environment = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  SKEIN_MASTER_KEY_FILE: z.string().min(1),
  SKEIN_PUBLIC_URL: z.url({ protocol: /^https?$/ }),
  SKEIN_COORDINATOR_URL: z.url({ protocol: /^https?$/ }),
});

export interface WebConfig {
  databaseUrl: string;
  redisUrl: string | undefined;
  masterKey: Uint8Array;
  publicUrl: string;
  coordinatorUrl: string;
}

/** @throws Error that names every setting that is missing or wrong; it holds no value. */
export function readConfig(): WebConfig {
  const parsed = Environment.safeParse(process.env);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`These settings are missing or wrong:\n${problems.join('\n')}`);
  }
  const settings = parsed.data;
  const masterKey = Buffer.from(readFileSync(settings.SKEIN_MASTER_KEY_FILE, 'utf8').trim(), 'base64');
  if (masterKey.length !== 32)
    throw new Error('SKEIN_MASTER_KEY_FILE: the file must hold 32 bytes in base64');
  return {
    databaseUrl: settings.DATABASE_URL,
    redisUrl: settings.REDIS_URL,
    masterKey,
    publicUrl: settings.SKEIN_PUBLIC_URL,
    coordinatorUrl: settings.SKEIN_COORDINATOR_URL,
  };
}
