/** The clouds that Skein knows, so that forms and docs need not. */
import { z } from 'zod';
import { AccountProvider } from '../primitive.ts';

/** One field of a provider's credentials; `name` is its key in `credentials`. */
export const CredentialField = z.object({
  name: z.string(),
  title: z.string(),
  kind: z
    .enum(['text', 'secret', 'json-file'])
    .describe('`json-file`: a file whose fields together are the credentials'),
  hint: z.string(),
});
export type CredentialField = z.infer<typeof CredentialField>;

export const ProviderInfo = z.object({
  id: AccountProvider,
  title: z.string(),
  regions: z.array(z.object({ id: z.string(), title: z.string() })),
  defaultInstanceType: z.string(),
  credentials: z.array(CredentialField),
});
export type ProviderInfo = z.infer<typeof ProviderInfo>;
