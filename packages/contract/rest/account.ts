/** Cloud accounts, people and tokens, as the REST API speaks of them. */
import { z } from 'zod';
import { ProviderId } from '../primitive.ts';

const Time = z.iso.datetime();

export const AwsCredentials = z.object({
  accessKeyId: z.string().min(1).max(200),
  secretAccessKey: z.string().min(1).max(200),
});
export type AwsCredentials = z.infer<typeof AwsCredentials>;
/** A service account key file as Google gives it out; only these fields are kept. */
export const GcpCredentials = z.object({
  project_id: z.string().min(1).max(100),
  client_email: z.string().min(1).max(200),
  private_key: z.string().min(1).max(10_000),
  token_uri: z.url().optional(),
});
export type GcpCredentials = z.infer<typeof GcpCredentials>;

/** `endpoint` replaces the provider's own API addresses: the lab, a proxy, a private endpoint. */
const common = { name: z.string().min(1).max(60), endpoint: z.url().optional() };
export const NewCloudAccount = z.discriminatedUnion('provider', [
  z.object({ provider: z.literal('aws'), ...common, credentials: AwsCredentials }),
  z.object({ provider: z.literal('gcp'), ...common, credentials: GcpCredentials }),
]);
export type NewCloudAccount = z.infer<typeof NewCloudAccount>;

/** New credentials for an account that stays what it is: the provider is named so that they can be read. */
export const CloudAccountChange = z.discriminatedUnion('provider', [
  z.object({ provider: z.literal('aws'), credentials: AwsCredentials }),
  z.object({ provider: z.literal('gcp'), credentials: GcpCredentials }),
]);
export type CloudAccountChange = z.infer<typeof CloudAccountChange>;

export const CloudAccount = z.object({
  id: z.string(),
  name: z.string(),
  provider: ProviderId,
  endpoint: z.string().nullable(),
  /** Who the cloud says we are: an ARN, a service account's address. */
  identity: z.string().nullable(),
  verifiedAt: Time.nullable(),
  problem: z.string().nullable(),
  clusters: z.int(),
  createdAt: Time,
});
export type CloudAccount = z.infer<typeof CloudAccount>;

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
