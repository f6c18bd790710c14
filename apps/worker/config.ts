/** What the worker is told from outside. The only place of this app that reads `process.env`. */
import { readFileSync } from 'node:fs';
import type { Platform } from '@skein/control/context.ts';
import { MASTER_KEY_BYTES } from '@skein/control/secret/sealer.ts';
import { z } from 'zod';

const DatabaseUrl = z.url({ protocol: /^postgres(ql)?$/ });
const Environment = z
  .object({
    DATABASE_URL: DatabaseUrl,
    /** Without it the queue lives in Postgres. */
    REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
    /** 32 bytes in base64. */
    SKEIN_MASTER_KEY_FILE: z.string().min(1),
    /** As nodes reach the coordinator: it is in the join command of every instance. */
    SKEIN_COORDINATOR_URL: z.url({ protocol: /^https?$/ }),
    /** How often a network is compared with what its clouds hold. */
    SKEIN_DRIFT_SECONDS: z.coerce.number().int().min(5).max(86_400).default(300),
    /** The dashboard's address: the issuer of the tokens that clouds trust instead of a key. */
    SKEIN_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
    /** Skein's own keys at AWS, by which it assumes the roles of keyless accounts. */
    SKEIN_AWS_ACCESS_KEY_ID: z.string().min(1).optional(),
    SKEIN_AWS_SECRET_ACCESS_KEY: z.string().min(1).optional(),
    /** Where nodes fetch the install script of k3s, where not from its makers. */
    SKEIN_K3S_INSTALLER: z
      .url({ protocol: /^(https?|file)$/ })
      .regex(/^[^'\s]+$/, 'holds a character that a shell script cannot carry')
      .optional(),
  })
  .refine((env) => !env.SKEIN_AWS_ACCESS_KEY_ID === !env.SKEIN_AWS_SECRET_ACCESS_KEY, {
    path: ['SKEIN_AWS_SECRET_ACCESS_KEY'],
    message: 'give both the access key id and the secret access key, or neither',
  });

export interface Config {
  databaseUrl: string;
  redisUrl: string | undefined;
  masterKey: Uint8Array;
  coordinatorUrl: string;
  driftSeconds: number;
  platform: Platform;
}

/** Reads the environment and the file it names. Throws one Error that names every problem. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const problems: string[] = [];
  const parsed = Environment.safeParse(environment);
  if (!parsed.success)
    problems.push(...parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
  const keyFile = environment.SKEIN_MASTER_KEY_FILE;
  const masterKey = keyFile ? readKey(keyFile, problems) : undefined;
  if (!parsed.success || !masterKey || problems.length > 0)
    throw new Error(`The worker cannot start:\n  ${problems.join('\n  ')}`);
  const { SKEIN_AWS_ACCESS_KEY_ID: accessKeyId, SKEIN_AWS_SECRET_ACCESS_KEY: secretAccessKey } = parsed.data;
  return {
    databaseUrl: parsed.data.DATABASE_URL,
    redisUrl: parsed.data.REDIS_URL,
    masterKey,
    coordinatorUrl: parsed.data.SKEIN_COORDINATOR_URL,
    driftSeconds: parsed.data.SKEIN_DRIFT_SECONDS,
    platform: {
      publicUrl: parsed.data.SKEIN_PUBLIC_URL?.replace(/\/+$/, '') ?? null,
      aws: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : null,
      ...(parsed.data.SKEIN_K3S_INSTALLER && { k3sInstaller: parsed.data.SKEIN_K3S_INSTALLER }),
    },
  };
}

/** For those who need the database alone. Throws an Error that names the setting. */
export function readDatabaseUrl(environment: NodeJS.ProcessEnv = process.env): string {
  const parsed = DatabaseUrl.safeParse(environment.DATABASE_URL);
  if (!parsed.success) throw new Error('DATABASE_URL: must be the address of a Postgres database');
  return parsed.data;
}

function readKey(file: string, problems: string[]): Uint8Array | undefined {
  try {
    const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
    if (key.length === MASTER_KEY_BYTES) return key;
    problems.push(`SKEIN_MASTER_KEY_FILE: ${file} must hold ${MASTER_KEY_BYTES} bytes in base64`);
  } catch (error) {
    problems.push(`SKEIN_MASTER_KEY_FILE: ${error instanceof Error ? error.message : String(error)}`);
  }
  return undefined;
}
