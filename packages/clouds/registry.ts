/**
 * Every cloud that Skein knows: one entry a provider. Forms, docs and the control room read this; nothing else names a
 * provider.
 */

import { type AccountProvider, ProviderId } from '@skein/contract/primitive.ts';
import {
  AwsCredentials,
  AwsKeys,
  AwsRole,
  AzureCredentials,
  AzureFederation,
  AzureSecret,
  GcpCredentials,
  GcpFederation,
  GcpKey,
} from '@skein/contract/rest/account.ts';
import type { CredentialField, SignInWay } from '@skein/contract/rest/provider.ts';
import type { z } from 'zod';
import { aws } from './aws/aws.ts';
import { azure } from './azure/azure.ts';
import { gcp } from './gcp/gcp.ts';
import type { OwnIdentity } from './own-identity.ts';
import { type Cloud, CloudError, type Provider } from './provider.ts';

interface Entry<Credentials> {
  provider: Provider<Credentials>;
  credentials: z.ZodType<Credentials>;
  /** Ways of signing in; what is asked for in each, and what tells its credentials from another's. */
  ways: readonly (SignInWay & { credentials: z.ZodType<Credentials> })[];
}

const text = (name: string, title: string, hint: string): CredentialField => ({
  name,
  title,
  kind: 'text',
  hint,
  preset: null,
});
const APPLICATION = [
  text('tenantId', 'Directory (tenant) ID', 'Of the Entra ID directory'),
  text('subscriptionId', 'Subscription ID', 'Everything is made in it'),
  text('clientId', 'Application (client) ID', 'Of the app registration made for Skein'),
];

export const REGISTRY: { readonly [Id in ProviderId]: Entry<never> } = {
  aws: entry({
    provider: aws,
    credentials: AwsCredentials,
    ways: [
      {
        id: 'key',
        title: 'Access key',
        keyless: false,
        credentials: AwsKeys,
        fields: [
          text('accessKeyId', 'Access key ID', 'Of an IAM user made for Skein'),
          {
            ...text('secretAccessKey', 'Secret access key', 'Shown once by AWS when the key is made'),
            kind: 'secret',
          },
        ],
      },
      {
        id: 'role',
        title: 'Role that trusts Skein',
        keyless: true,
        credentials: AwsRole,
        fields: [text('roleArn', 'ARN of the role', 'Such as arn:aws:iam::123456789012:role/skein')],
      },
    ],
  }),
  gcp: entry({
    provider: gcp,
    credentials: GcpCredentials,
    ways: [
      {
        id: 'key',
        title: 'Service account key',
        keyless: false,
        credentials: GcpKey,
        fields: [
          {
            ...text('key', 'Service account key', 'The JSON file that Google gives out for a key'),
            kind: 'json-file',
          },
        ],
      },
      {
        id: 'federation',
        title: 'Workload identity federation',
        keyless: true,
        credentials: GcpFederation,
        fields: [
          text('projectId', 'Project ID', 'Everything is made in it'),
          text(
            'workloadIdentityProvider',
            'Workload identity provider',
            'projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER',
          ),
          text('serviceAccount', 'Service account', 'Its e-mail address'),
        ],
      },
    ],
  }),
  azure: entry({
    provider: azure,
    credentials: AzureCredentials,
    ways: [
      {
        id: 'secret',
        title: 'Client secret',
        keyless: false,
        credentials: AzureSecret,
        fields: [
          ...APPLICATION,
          {
            ...text('clientSecret', 'Client secret', 'Its value, shown once by Entra ID when it is made'),
            kind: 'secret',
          },
        ],
      },
      {
        id: 'federation',
        title: 'Federated credential',
        keyless: true,
        credentials: AzureFederation,
        fields: APPLICATION,
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

/** Whether these credentials, which must be of the provider's form, hold no static key. */
export function isKeyless(id: ProviderId, credentials: unknown): boolean {
  const way = REGISTRY[id].ways.find((one) => one.credentials.safeParse(credentials).success);
  return way?.keyless ?? false;
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
