/** Every DNS service that Skein knows, by the provider whose account opens it: one entry a service. */

import type { AccountProvider, NameServerId } from '@skein/contract/primitive.ts';
import {
  AwsCredentials,
  AzureCredentials,
  GcpCredentials,
  PowerDnsCredentials,
  Rfc2136Credentials,
} from '@skein/contract/rest/account.ts';
import type { CredentialField } from '@skein/contract/rest/provider.ts';
import type { z } from 'zod';
import { lateDns } from './late-dns.ts';
import { type Dns, type DnsAccount, DnsError, type DnsProvider } from './provider.ts';

interface Entry<Credentials> {
  title: string;
  /** Zones are made and deleted by Skein. Where they are not, a person has made them and Skein's are the records alone. */
  makesZones: boolean;
  credentials: z.ZodType<Credentials>;
  /** Loads the service's SDK. */
  load: () => Promise<DnsProvider<Credentials>>;
}

const REGISTRY: { readonly [Id in AccountProvider]: Entry<never> } = {
  aws: entry({
    title: 'Amazon Route 53',
    makesZones: true,
    credentials: AwsCredentials,
    load: async () => (await import('./route53/route53.ts')).route53,
  }),
  gcp: entry({
    title: 'Google Cloud DNS',
    makesZones: true,
    credentials: GcpCredentials,
    load: async () => (await import('./cloud-dns/cloud-dns.ts')).cloudDns,
  }),
  azure: entry({
    title: 'Azure DNS',
    makesZones: true,
    credentials: AzureCredentials,
    load: async () => (await import('./azure-dns/azure-dns.ts')).azureDns,
  }),
  rfc2136: entry({
    title: 'Name server (RFC 2136)',
    makesZones: false,
    credentials: Rfc2136Credentials,
    load: async () => (await import('./rfc2136/rfc2136.ts')).rfc2136,
  }),
  powerdns: entry({
    title: 'PowerDNS',
    makesZones: true,
    credentials: PowerDnsCredentials,
    load: async () => (await import('./powerdns/powerdns.ts')).powerdns,
  }),
};

/** Keeps an entry's service and credentials of one type; outside, credentials are unknown until parsed. */
function entry<Credentials>(one: Entry<Credentials>): Entry<never> {
  return one as unknown as Entry<never>;
}

/** What a person is asked for to open an account at a name server; clouds' fields are in `packages/clouds/registry.ts`. */
export const NAME_SERVER_FIELDS: { readonly [Id in NameServerId]: readonly CredentialField[] } = {
  rfc2136: [
    field('server', 'Server', 'text', 'Address or name of the zone’s primary'),
    field('port', 'Port', 'number', '53 unless it was changed', '53'),
    field('keyName', 'Key name', 'text', 'Of the TSIG key, as the server has it'),
    field('algorithm', 'Algorithm', 'text', 'hmac-sha256 or hmac-sha512', 'hmac-sha256'),
    field('secret', 'Secret', 'secret', 'Of the TSIG key, in base64'),
  ],
  powerdns: [
    field('url', 'Address of the API', 'text', 'Such as https://ns1.example.net:8081'),
    field('apiKey', 'API key', 'secret', 'The server’s api-key setting'),
    field('serverId', 'Server id', 'text', 'localhost unless a proxy serves several', 'localhost'),
  ],
};

function field(
  name: string,
  title: string,
  kind: CredentialField['kind'],
  hint: string,
  preset: string | null = null,
): CredentialField {
  return { name, title, kind, hint, preset };
}

/** What a service is called, and whether Skein makes the zones in it. */
export function dnsService(id: AccountProvider): { title: string; makesZones: boolean } {
  const { title, makesZones } = REGISTRY[id];
  return { title, makesZones };
}

/**
 * The DNS of an account. Opens no connection.
 * @throws DnsError `invalid` when the credentials are not of the provider's form; the message holds none of them.
 */
export function connectDns(id: AccountProvider, account: DnsAccount): Dns {
  const { title, credentials, load } = REGISTRY[id];
  const parsed = credentials.safeParse(account.credentials);
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.') || 'all of them'))];
    throw new DnsError(
      'invalid',
      `The credentials of this ${title} account are not complete: ${fields.join(', ')}.`,
    );
  }
  return lateDns(async () => (await load()).connect({ ...account, credentials: parsed.data }));
}
