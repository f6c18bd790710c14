/**
 * What every DNS service can do for Skein. The same shape and the same promises as `packages/clouds/provider.ts`.
 *
 * Beside the zone's own apex records, Skein's records in a zone are guarded by a TXT record
 * `_skein.<name>` holding `owner=<networkId>`: a name without it, made by somebody else, is never touched.
 */
import type { ProviderId } from '@skein/contract/primitive.ts';

export interface DnsContext {
  signal: AbortSignal;
  waitingFor: (what: string) => void;
  attempt: number;
}

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
  /** Names that now answer as wished, names left alone because somebody else owns them. */
  written: string[];
  removed: string[];
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

export interface DnsProvider<Credentials = unknown> {
  id: ProviderId;
  title: string;
  /** Opens no connection. `endpoint` replaces the provider's own API addresses. */
  connect(account: { credentials: Credentials; endpoint: string | null }): Dns;
}

/** The same words as `CloudErrorCode`; `in-use` is a zone that holds the records of others. */
export type DnsErrorCode =
  | 'not-found'
  | 'forbidden'
  | 'unauthenticated'
  | 'conflict'
  | 'not-ours'
  | 'in-use'
  | 'quota'
  | 'throttled'
  | 'unavailable'
  | 'invalid'
  | 'timeout';

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
