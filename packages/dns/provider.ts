/**
 * What every DNS service can do for Skein. The same shape and the same promises as `packages/clouds/provider.ts`.
 *
 * Beside the zone's own apex records, Skein's records in a zone are guarded by a TXT record
 * `_skein.<name>` holding `owner=<networkId>`: a name without it, made by somebody else, is never touched.
 */
import type { OwnIdentity } from '@skein/clouds/own-identity.ts';
import { type CallContext, CloudError, type CloudErrorCode } from '@skein/clouds/provider.ts';

/** What each call gets beside its subject: the same as a call to a cloud. */
export type DnsContext = CallContext;

/** A zone is `public`, or `private` to the VPCs it is bound to. `key` is unique within the network. */
export interface ZoneSpec {
  organizationId: string;
  networkId: string;
  key: string;
  name: string;
  visibility: 'public' | 'private';
  /** VPC ids in the cloud's own words; empty for a public zone. */
  vpcs: readonly { id: string; region: string }[];
}
export interface ZoneState {
  externalId: string;
  name: string;
  visibility: 'public' | 'private';
  nameServers: string[];
}

/** An A record set. */
export interface AddressRecord {
  name: string;
  addresses: readonly string[];
  ttlSeconds: number;
}
export interface RecordOutcome {
  /** Names that now answer as wished. */
  written: string[];
  removed: string[];
  /** Names left alone because somebody else owns them, or because the service takes no such record: with its words. */
  refused: { name: string; reason: string }[];
}

export interface Dns {
  observeZone(
    at: Pick<ZoneSpec, 'organizationId' | 'networkId' | 'key' | 'name'>,
    context: DnsContext,
  ): Promise<ZoneState | undefined>;
  reconcileZone(spec: ZoneSpec, context: DnsContext): Promise<ZoneState>;
  /** Removes our records, then the zone. A zone that holds others' records is left, with an error that names them. */
  deleteZone(
    at: Pick<ZoneSpec, 'organizationId' | 'networkId' | 'key' | 'name'>,
    context: DnsContext,
  ): Promise<void>;
  /** Asks the service even where it can tell no zone of ours from others', so this shows whether an account is good. */
  listZones(
    owner: { organizationId: string; networkId?: string },
    context: DnsContext,
  ): Promise<(ZoneState & { networkId: string; key: string })[]>;
  /** Our A records in the zone, without their ownership records. */
  listRecords(zone: ZoneState, networkId: string, context: DnsContext): Promise<AddressRecord[]>;
  /** Makes our records in the zone exactly `wanted`: writes, changes and removes, with ownership records. */
  reconcileRecords(
    zone: ZoneState,
    networkId: string,
    wanted: readonly AddressRecord[],
    context: DnsContext,
  ): Promise<RecordOutcome>;
}

export interface DnsAccount<Credentials = unknown> {
  credentials: Credentials;
  /** Replaces the provider's own API addresses. */
  endpoint: string | null;
  identity: OwnIdentity;
}

export interface DnsProvider<Credentials = unknown> {
  /** Opens no connection. */
  connect(account: DnsAccount<Credentials>): Dns;
}

/** The words of the clouds; here `in-use` is a zone that holds the records of others. */
export type DnsErrorCode = CloudErrorCode;

// A zone with others' records stays so until a person acts: unlike a cloud's `in-use`, trying again is no use.
const RETRYABLE: readonly DnsErrorCode[] = ['throttled', 'unavailable', 'timeout'];

/** The one failure class of this room, of the same form as `CloudError`. Never holds a credential. */
export class DnsError extends Error {
  readonly code: DnsErrorCode;
  readonly remedy: string | null;
  constructor(code: DnsErrorCode, message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'DnsError';
    this.code = code;
    this.remedy = options.remedy ?? null;
  }
  get retryable(): boolean {
    return RETRYABLE.includes(this.code);
  }
}

/**
 * What a cloud's own code threw, in this room's words; anything but a CloudError is thrown on as it is.
 * @param more says it better where DNS means something else by it.
 */
export function dnsErrorOf(error: unknown, more: { code?: DnsErrorCode; remedy?: string } = {}): DnsError {
  if (error instanceof DnsError) return error;
  if (!(error instanceof CloudError)) throw error;
  const remedy = more.remedy ?? error.remedy;
  const { cause } = error;
  return new DnsError(more.code ?? error.code, error.message, remedy ? { remedy, cause } : { cause });
}
