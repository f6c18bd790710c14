/** What the coordinator is told from outside. The only place of this app that reads `process.env`. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const File = z.string().min(1);
const Environment = z
  .object({
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
    /** 32 bytes in base64. */
    SKEIN_MASTER_KEY_FILE: File,
    /** As nodes reach this process; written into `install.sh`. */
    SKEIN_COORDINATOR_URL: z
      .url({ protocol: /^https?$/ })
      .regex(/^[\w.:/[\]~%+-]+$/, 'holds a character that a shell script cannot carry unquoted'),
    /** Directory with `install.sh` and the agent's tarballs. */
    SKEIN_AGENT_DISTRIBUTION: File,
    /** The agent's container image, for clusters of Kubernetes that nodes join by. */
    SKEIN_AGENT_IMAGE: z
      .string()
      .regex(/^([a-z0-9][\w./:@-]{0,400})?$/, 'must be the name of an image')
      .optional(),
    HOST: z.string().default('0.0.0.0'),
    PORT: z.coerce.number().int().min(1).max(65535).default(7401),
    /** PEM files; with both, this process speaks HTTPS itself. */
    SKEIN_TLS_CERTIFICATE_FILE: File.optional(),
    SKEIN_TLS_KEY_FILE: File.optional(),
  })
  .refine((env) => !env.SKEIN_TLS_CERTIFICATE_FILE === !env.SKEIN_TLS_KEY_FILE, {
    path: ['SKEIN_TLS_KEY_FILE'],
    message: 'give both the certificate and its key, or neither',
  });

export interface Config {
  databaseUrl: string;
  masterKey: Uint8Array;
  coordinatorUrl: string;
  agentDistribution: string;
  agentImage: string | null;
  host: string;
  port: number;
  tls: { certificate: string; key: string } | null;
}

/** Reads the environment and the files it names. Throws one Error that names every problem. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const problems: string[] = [];
  const parsed = Environment.safeParse(environment);
  if (!parsed.success)
    throw new Error(
      `the coordinator's settings are wrong:\n${parsed.error.issues
        .map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
        .join('\n')}`,
    );
  const env = parsed.data;
  const read = (name: keyof typeof env): string => {
    try {
      return readFileSync(String(env[name]), 'utf8');
    } catch (error) {
      problems.push(`  ${name}: ${error instanceof Error ? error.message : String(error)}`);
      return '';
    }
  };
  const masterKey = Buffer.from(read('SKEIN_MASTER_KEY_FILE').trim(), 'base64');
  if (problems.length === 0 && masterKey.length !== 32)
    problems.push('  SKEIN_MASTER_KEY_FILE: the file must hold 32 bytes in base64');
  const tls = env.SKEIN_TLS_CERTIFICATE_FILE
    ? { certificate: read('SKEIN_TLS_CERTIFICATE_FILE'), key: read('SKEIN_TLS_KEY_FILE') }
    : null;
  if (problems.length > 0) throw new Error(`the coordinator's settings are wrong:\n${problems.join('\n')}`);
  return {
    databaseUrl: env.DATABASE_URL,
    masterKey,
    coordinatorUrl: env.SKEIN_COORDINATOR_URL.replace(/\/+$/, ''),
    agentDistribution: env.SKEIN_AGENT_DISTRIBUTION,
    agentImage: env.SKEIN_AGENT_IMAGE || null,
    host: env.HOST,
    port: env.PORT,
    tls,
  };
}
