/**
 * Every cloud that Skein knows: one entry a provider. Forms, docs and the control room read this; nothing else names a
 * provider.
 */

import { type AccountProvider, ProviderId } from '@skein/contract/primitive.ts';
import { AwsCredentials, AzureCredentials, GcpCredentials } from '@skein/contract/rest/account.ts';
import type { z } from 'zod';
import { aws } from './aws/aws.ts';
import { azure } from './azure/azure.ts';
import { gcp } from './gcp/gcp.ts';
import type { OwnIdentity } from './own-identity.ts';
import { type Cloud, CloudError, type Provider } from './provider.ts';

/** One thing to ask a person for. `json-file` is a file whose fields together are the credentials. */
export interface CredentialField {
  name: string;
  title: string;
  kind: 'text' | 'secret' | 'json-file';
  hint: string;
}

interface Entry<Credentials> {
  provider: Provider<Credentials>;
  credentials: z.ZodType<Credentials>;
  fields: readonly CredentialField[];
}

export const REGISTRY: { readonly [Id in ProviderId]: Entry<never> } = {
  aws: entry({
    provider: aws,
    credentials: AwsCredentials,
    fields: [
      { name: 'accessKeyId', title: 'Access key ID', kind: 'text', hint: 'Of an IAM user made for Skein' },
      {
        name: 'secretAccessKey',
        title: 'Secret access key',
        kind: 'secret',
        hint: 'Shown once by AWS when the key is made',
      },
    ],
  }),
  gcp: entry({
    provider: gcp,
    credentials: GcpCredentials,
    fields: [
      {
        name: 'key',
        title: 'Service account key',
        kind: 'json-file',
        hint: 'The JSON file that Google gives out for a key',
      },
    ],
  }),
  azure: entry({
    provider: azure,
    credentials: AzureCredentials,
    fields: [
      { name: 'tenantId', title: 'Directory (tenant) ID', kind: 'text', hint: 'Of the Entra ID directory' },
      { name: 'subscriptionId', title: 'Subscription ID', kind: 'text', hint: 'Everything is made in it' },
      {
        name: 'clientId',
        title: 'Application (client) ID',
        kind: 'text',
        hint: 'Of the app registration made for Skein',
      },
      {
        name: 'clientSecret',
        title: 'Client secret',
        kind: 'secret',
        hint: 'Its value, shown once by Entra ID when it is made',
      },
    ],
  }),
};

/** Keeps an entry's provider and credentials of one type; outside, credentials are unknown until parsed. */
function entry<Credentials>(one: Entry<Credentials>): Entry<never> {
  return one as unknown as Entry<never>;
}

export const providers: readonly Provider<never>[] = Object.values(REGISTRY).map((one) => one.provider);

/**
 * The cloud of an account's provider.
 * @throws CloudError `invalid` for a name server, in which nothing but records can be made.
 */
export function providerOf(id: AccountProvider): Provider<never> {
  return REGISTRY[cloudId(id)].provider;
}

function cloudId(id: AccountProvider): ProviderId {
  const { data } = ProviderId.safeParse(id);
  if (data) return data;
  throw new CloudError('invalid', 'This account is of a name server: it holds records, and no nodes.');
}

/**
 * The cloud of an account in a region. Opens no connection.
 * @throws CloudError `invalid` when the provider is no cloud, or the credentials are not of its form; the message holds
 * none of them.
 */
export function connectCloud(
  id: AccountProvider,
  account: { credentials: unknown; endpoint: string | null; region: string; identity: OwnIdentity },
): Cloud {
  const { provider, credentials } = REGISTRY[cloudId(id)];
  const parsed = credentials.safeParse(account.credentials);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'all of them');
    throw new CloudError(
      'invalid',
      `The credentials of this ${provider.title} account are not complete: ${fields.join(', ')}.`,
    );
  }
  return provider.connect({ ...account, credentials: parsed.data });
}
