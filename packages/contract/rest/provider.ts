/** The clouds that Skein knows, so that forms and docs need not. */
import { z } from 'zod';
import { AccountProvider } from '../primitive.ts';

/** One field of a provider's credentials; `name` is its key in `credentials`. */
export const CredentialField = z.object({
  name: z.string(),
  title: z.string(),
  kind: z
    .enum(['text', 'number', 'secret', 'json-file'])
    .describe('`json-file`: a file whose fields together are the credentials'),
  hint: z.string(),
  preset: z.string().nullable().describe('What most people leave as it is'),
});
export type CredentialField = z.infer<typeof CredentialField>;

/** One way of signing in to a cloud. Exactly its fields, and no others, are the credentials. */
export const SignInWay = z.object({
  id: z.string(),
  title: z.string(),
  keyless: z.boolean().describe('Skein’s own identity is trusted: no static key is kept'),
  fields: z.array(CredentialField),
});
export type SignInWay = z.infer<typeof SignInWay>;

export const ProviderInfo = z.object({
  id: AccountProvider,
  title: z.string(),
  clusters: z.boolean().describe('False: a name server, which holds records and no nodes'),
  regions: z.array(z.object({ id: z.string(), title: z.string() })),
  defaultInstanceType: z.string().nullable(),
  ways: z.array(SignInWay),
});
export type ProviderInfo = z.infer<typeof ProviderInfo>;
