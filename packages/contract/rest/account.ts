/** Cloud accounts, people and tokens, as the REST API speaks of them. */
import { z } from 'zod';
import { AccountProvider, Port } from '../primitive.ts';

const Time = z.iso.datetime();

/** Static keys of an IAM user. */
export const AwsKeys = z.object({
  accessKeyId: z.string().min(1).max(200),
  secretAccessKey: z.string().min(1).max(200),
});
export type AwsKeys = z.infer<typeof AwsKeys>;
/** Keyless: a role that trusts Skein's own AWS account under the organization's id as ExternalId. */
export const AwsRole = z.object({
  roleArn: z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'must be the ARN of a role'),
});
export type AwsRole = z.infer<typeof AwsRole>;
export const AwsCredentials = z.union([AwsKeys, AwsRole]);
export type AwsCredentials = z.infer<typeof AwsCredentials>;

/** A service account key file as Google gives it out; only these fields are kept. */
export const GcpKey = z.object({
  project_id: z.string().min(1).max(100),
  client_email: z.string().min(1).max(200),
  private_key: z.string().min(1).max(10_000),
  token_uri: z.url().optional(),
});
export type GcpKey = z.infer<typeof GcpKey>;
/** Keyless: a workload identity pool's provider that trusts Skein's tokens, and the service account it may become. */
export const GcpFederation = z.object({
  projectId: z.string().min(1).max(100),
  workloadIdentityProvider: z
    .string()
    .regex(
      /^projects\/\d+\/locations\/global\/workloadIdentityPools\/[\w-]+\/providers\/[\w-]+$/,
      'must be projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER',
    ),
  serviceAccount: z.email(),
});
export type GcpFederation = z.infer<typeof GcpFederation>;
export const GcpCredentials = z.union([GcpKey, GcpFederation]);
export type GcpCredentials = z.infer<typeof GcpCredentials>;

const azureApplication = {
  tenantId: z.guid(),
  subscriptionId: z.guid(),
  /** The application's (client) id. */
  clientId: z.guid(),
};
/** A static client secret of an application. */
export const AzureSecret = z.object({ ...azureApplication, clientSecret: z.string().min(1).max(500) });
export type AzureSecret = z.infer<typeof AzureSecret>;
/** Keyless: an application with a federated credential that trusts Skein's tokens. */
export const AzureFederation = z.object(azureApplication).strict();
export type AzureFederation = z.infer<typeof AzureFederation>;
export const AzureCredentials = z.union([AzureSecret, AzureFederation]);
export type AzureCredentials = z.infer<typeof AzureCredentials>;

/** A name server that takes RFC 2136 updates signed with TSIG (RFC 8945). The zone must be there already. */
export const Rfc2136Credentials = z.object({
  server: z.string().min(1).max(253).describe('Address or name of the primary'),
  port: Port.default(53),
  keyName: z.string().min(1).max(253),
  algorithm: z.enum(['hmac-sha256', 'hmac-sha512']).default('hmac-sha256'),
  secret: z.base64().min(1).max(500),
});
export type Rfc2136Credentials = z.infer<typeof Rfc2136Credentials>;
/** The HTTP API of a PowerDNS authoritative server. */
export const PowerDnsCredentials = z.object({
  url: z.url({ protocol: /^https?$/ }),
  apiKey: z.string().min(1).max(500),
  serverId: z.string().min(1).max(100).default('localhost'),
});
export type PowerDnsCredentials = z.infer<typeof PowerDnsCredentials>;

/** `endpoint` replaces the provider's own API addresses: the lab, a proxy, a private endpoint. */
const common = { name: z.string().min(1).max(60), endpoint: z.url().optional() };
export const NewCloudAccount = z.discriminatedUnion('provider', [
  z.object({ provider: z.literal('aws'), ...common, credentials: AwsCredentials }),
  z.object({ provider: z.literal('gcp'), ...common, credentials: GcpCredentials }),
  z.object({ provider: z.literal('azure'), ...common, credentials: AzureCredentials }),
  z.object({ provider: z.literal('rfc2136'), ...common, credentials: Rfc2136Credentials }),
  z.object({ provider: z.literal('powerdns'), ...common, credentials: PowerDnsCredentials }),
]);
export type NewCloudAccount = z.infer<typeof NewCloudAccount>;

/** New credentials for an account that stays what it is: the provider is named so that they can be read. */
export const CloudAccountChange = z.discriminatedUnion('provider', [
  z.object({ provider: z.literal('aws'), credentials: AwsCredentials }),
  z.object({ provider: z.literal('gcp'), credentials: GcpCredentials }),
  z.object({ provider: z.literal('azure'), credentials: AzureCredentials }),
  z.object({ provider: z.literal('rfc2136'), credentials: Rfc2136Credentials }),
  z.object({ provider: z.literal('powerdns'), credentials: PowerDnsCredentials }),
]);
export type CloudAccountChange = z.infer<typeof CloudAccountChange>;

export const CloudAccount = z.object({
  id: z.string(),
  name: z.string(),
  provider: AccountProvider,
  /** True: opened by Skein's own identity; false: a static key is kept, sealed. */
  keyless: z.boolean(),
  endpoint: z.string().nullable(),
  /** Who the cloud says we are: an ARN, a service account's address. */
  identity: z.string().nullable(),
  verifiedAt: Time.nullable(),
  problem: z.string().nullable(),
  clusters: z.int(),
  createdAt: Time,
});
export type CloudAccount = z.infer<typeof CloudAccount>;

/** One thing that was looked at before anything is made. */
export const PreflightFinding = z.object({
  kind: z.enum(['credentials', 'permission', 'quota', 'image', 'region', 'instance-type']),
  subject: z.string().describe('`ec2:CreateVpc`, `vcpus`, `t3.small`'),
  status: z.enum(['ok', 'missing', 'unknown']),
  detail: z.string().nullable().describe('In words: what is missing, and what it is needed for'),
});
export type PreflightFinding = z.infer<typeof PreflightFinding>;

/** What a preflight is to judge by: one more cluster there. */
export const PreflightWish = z.object({
  region: z.string().min(1).max(60),
  instanceType: z.string().min(1).max(60).optional().describe('The provider’s default when left out'),
  nodes: z.int().min(1).max(100).default(3),
});
export type PreflightWish = z.output<typeof PreflightWish>;

export const Preflight = z.object({
  cloudAccountId: z.string(),
  region: z.string(),
  at: Time,
  ok: z.boolean().describe('Nothing is missing'),
  findings: z.array(PreflightFinding),
});
export type Preflight = z.infer<typeof Preflight>;

/** A text to paste into the cloud so that Skein may do what it does, and nothing more. */
export const GrantDocument = z.object({
  title: z.string(),
  language: z.enum(['json', 'shell']),
  text: z.string(),
});
export type GrantDocument = z.infer<typeof GrantDocument>;

export const Setup = z.object({
  link: z.string().max(200).describe('The secret from the one-time set-up link'),
  organization: z.string().min(1).max(60),
  name: z.string().min(1).max(100),
  email: z.email(),
  password: z.string().min(12).max(200),
});
export type Setup = z.infer<typeof Setup>;

export const Me = z.object({
  user: z.object({ id: z.string(), name: z.string(), email: z.string() }).nullable(),
  organization: z.object({ id: z.string(), name: z.string() }),
});
export type Me = z.infer<typeof Me>;

export const NewApiToken = z.object({
  name: z.string().min(1).max(60),
  expiresInDays: z.int().min(1).max(365).default(90),
});
export const ApiToken = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  expiresAt: Time,
  lastUsedAt: Time.nullable(),
  createdAt: Time,
});
export type ApiToken = z.infer<typeof ApiToken>;
export const MintedApiToken = ApiToken.extend({ token: z.string() });

export const AuditEvent = z.object({
  id: z.string(),
  at: Time,
  actor: z.string(),
  action: z.string(),
  target: z.string(),
  details: z.record(z.string(), z.unknown()),
});
export type AuditEvent = z.infer<typeof AuditEvent>;
