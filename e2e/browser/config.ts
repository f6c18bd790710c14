/** Where the first run happens: told by the command that started it, in a file. */
import { readFileSync } from 'node:fs';
import { AwsKeys, AzureSecret, GcpKey } from '@skein/contract/rest/account.ts';
import { z } from 'zod';

const FirstRun = z.object({
  publicUrl: z.url(),
  setupLink: z.url(),
  accounts: z.object({
    aws: AwsKeys.extend({ endpoint: z.url() }),
    gcp: z.object({ endpoint: z.url(), key: GcpKey }),
    azure: AzureSecret.extend({ endpoint: z.url() }),
  }),
});
export type FirstRun = z.infer<typeof FirstRun>;

const Environment = z.object({
  SKEIN_E2E_FILE: z.string({ error: 'must name the JSON file that `./skein test` writes' }).min(1),
});

/** @throws ZodError that names every problem at once. */
export function readFirstRun(): FirstRun {
  const { SKEIN_E2E_FILE } = Environment.parse(process.env);
  return FirstRun.parse(JSON.parse(readFileSync(SKEIN_E2E_FILE, 'utf8')));
}
