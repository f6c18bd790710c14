/** The dashboard's settings, read once at the first request, naming every problem at once. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const Environment = z
  .object({
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
    REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
    SKEIN_MASTER_KEY_FILE: z.string().min(1),
    SKEIN_PUBLIC_URL: z.url({ protocol: /^https?$/ }),
    SKEIN_COORDINATOR_URL: z.url({ protocol: /^https?$/ }),
    /** Skein's own keys at AWS, by which it assumes the roles of keyless accounts. */
    SKEIN_AWS_ACCESS_KEY_ID: z.string().min(1).optional(),
    SKEIN_AWS_SECRET_ACCESS_KEY: z.string().min(1).optional(),
  })
  .refine((env) => !env.SKEIN_AWS_ACCESS_KEY_ID === !env.SKEIN_AWS_SECRET_ACCESS_KEY, {
    path: ['SKEIN_AWS_SECRET_ACCESS_KEY'],
    message: 'give both the access key id and the secret access key, or neither',
  });

export interface WebConfig {
  databaseUrl: string;
  redisUrl: string | undefined;
  masterKey: Uint8Array;
  publicUrl: string;
  /** Skein's own keys at AWS; null where there are none. */
  aws: { accessKeyId: string; secretAccessKey: string } | null;
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
  const { SKEIN_AWS_ACCESS_KEY_ID: accessKeyId, SKEIN_AWS_SECRET_ACCESS_KEY: secretAccessKey } = settings;
  const masterKey = Buffer.from(readFileSync(settings.SKEIN_MASTER_KEY_FILE, 'utf8').trim(), 'base64');
  if (masterKey.length !== 32)
    throw new Error('SKEIN_MASTER_KEY_FILE: the file must hold 32 bytes in base64');
  return {
    databaseUrl: settings.DATABASE_URL,
    redisUrl: settings.REDIS_URL,
    masterKey,
    publicUrl: settings.SKEIN_PUBLIC_URL.replace(/\/+$/, ''),
    aws: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : null,
    coordinatorUrl: settings.SKEIN_COORDINATOR_URL,
  };
}
