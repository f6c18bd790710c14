/** Every DNS service that Skein knows, by the provider whose cloud account opens it: one entry a service. */

import type { OwnIdentity } from '@skein/clouds/own-identity.ts';
import type { ProviderId } from '@skein/contract/primitive.ts';
import { AwsCredentials, GcpCredentials } from '@skein/contract/rest/account.ts';
import { cloudDns } from './cloud-dns/cloud-dns.ts';
import { type Dns, DnsError } from './provider.ts';
import { route53 } from './route53/route53.ts';

const REGISTRY: { readonly [Id in ProviderId]: { title: string; connect: (account: Account) => Dns } } = {
  aws: {
    title: route53.title,
    connect: (account) => route53.connect({ ...account, credentials: parsed(AwsCredentials, account) }),
  },
  gcp: {
    title: cloudDns.title,
    connect: (account) => cloudDns.connect({ ...account, credentials: parsed(GcpCredentials, account) }),
  },
};

interface Account {
  credentials: unknown;
  endpoint: string | null;
  identity: OwnIdentity;
}

function parsed<T>(
  schema: { safeParse: (value: unknown) => { success: boolean; data?: T } },
  account: Account,
): T {
  const { data } = schema.safeParse(account.credentials);
  if (data !== undefined) return data;
  throw new DnsError('invalid', 'The credentials of this account are not complete.');
}

/**
 * The DNS of a cloud account. Opens no connection.
 * @throws DnsError `invalid` when the credentials are not of the provider's form; the message holds none of them.
 */
export const connectDns = (id: ProviderId, account: Account): Dns => REGISTRY[id].connect(account);
