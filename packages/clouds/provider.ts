/**
 * What every cloud can do for Skein, and nothing else. Adding a cloud touches its folder, one line of
 * `registry.ts` and one compliance spec.
 *
 * Each resource has four verbs. `observe` answers undefined only on the provider's own not-found answer:
 * forbidden is not missing. `reconcile` may be called again with the same spec and then changes nothing.
 * `delete` of what is gone succeeds. Nothing that does not carry our owner tag is ever changed or deleted.
 */
import type { ProviderId } from '@skein/contract/primitive.ts';

/** Whose a resource is: written on it as tags `skein-organization`, `skein-network`, `skein-cluster`, `skein-key`. */
export interface Owner {
  organizationId: string;
  networkId: string;
  clusterId: string;
}

/** What each call gets beside its subject. */
export interface CallContext {
  /** Ends the call; every verb rejects soon after it fires. */
  signal: AbortSignal;
  /** Says what a long wait waits for. */
  waitingFor: (what: string) => void;
  /** Distinguishes attempts in idempotency tokens where the cloud remembers failures; the same in a retry of one attempt. */
  attempt: number;
}

/** `key` names the resource for us, within its cluster: `network`, `firewall/gateway`, `address/gw-1`, `instance/node-2`. */
export interface Keyed {
  owner: Owner;
  key: string;
}

export interface Resource<Spec extends Keyed, State> {
  observe(at: Keyed, context: CallContext): Promise<State | undefined>;
  reconcile(spec: Spec, context: CallContext): Promise<State>;
  delete(at: Keyed, context: CallContext): Promise<void>;
  /** Everything of this kind that carries the owner's tags, page by page to the end. Leave ids out to widen. */
  list(
    owner: Partial<Owner> & { organizationId: string },
    context: CallContext,
  ): Promise<(State & { key: string; owner: Owner })[]>;
}

/** VPC with one subnet, its way to the internet included. */
export interface NetworkSpec extends Keyed {
  name: string;
  cidr: string;
}
export interface NetworkState {
  externalId: string;
  /** Empty while the network is half made; `reconcile` never answers so. */
  subnetId: string;
  cidr: string;
}

/** A group of rules for the instances of one role. Egress stays open; there is no other ingress than `rules`. */
export interface FirewallSpec extends Keyed {
  name: string;
  network: NetworkState;
  role: 'gateway' | 'member';
  rules: readonly FirewallRule[];
}
export interface FirewallRule {
  protocol: 'udp' | 'tcp';
  fromPort: number;
  toPort: number;
  /** Never 0.0.0.0/0. Sorted. */
  cidrs: readonly string[];
  description: string;
}
export interface FirewallState {
  externalId: string;
  /** What the cloud holds, one entry a protocol and port range, sorted. */
  rules: FirewallRule[];
  /** In words: ingress that `FirewallRule` cannot say (other protocols, IPv6, other groups). `reconcile` removes what is ours to remove. */
  foreign: string[];
}

/** A reserved public address. */
export interface AddressSpec extends Keyed {
  name: string;
}
export interface AddressState {
  externalId: string;
  address: string;
}

export interface InstanceSpec extends Keyed {
  name: string;
  network: NetworkState;
  firewalls: readonly FirewallState[];
  role: 'gateway' | 'member';
  /** Reserved address of a gateway; a member gets a passing one of the cloud's for its outbound traffic. */
  address: AddressState | null;
  instanceType: string;
  userData: string;
}
export interface InstanceState {
  externalId: string;
  privateAddress: string;
  publicAddress: string | null;
  running: boolean;
  /** The cloud lets it forward packets that are not its own (source/destination check off). */
  forwards: boolean;
}

/** One cloud account in one region. */
export interface Cloud {
  /** Who the cloud says we are, in its own words (ARN, service account). */
  whoAmI(context: CallContext): Promise<string>;
  /**
   * The account of the cloud that everything made here stands in: an AWS account number, a Google project. Asks nobody.
   * @param identity what `whoAmI` answered, if ever; null where nothing is known without it.
   */
  holder(identity: string | null): string | null;
  networks: Resource<NetworkSpec, NetworkState>;
  firewalls: Resource<FirewallSpec, FirewallState>;
  addresses: Resource<AddressSpec, AddressState>;
  instances: Resource<InstanceSpec, InstanceState>;
}

export interface Provider<Credentials = unknown> {
  id: ProviderId;
  title: string;
  regions: readonly { id: string; title: string }[];
  defaultInstanceType: string;
  /** Opens no connection. `endpoint` replaces the provider's own API addresses. */
  connect(account: { credentials: Credentials; endpoint: string | null; region: string }): Cloud;
}

/** Why a cloud did not do as asked, the same for every cloud. Never holds a credential. */
export type CloudErrorCode =
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

const RETRYABLE: readonly CloudErrorCode[] = ['throttled', 'unavailable', 'timeout', 'in-use'];

/** The one failure class of this room. `message` is for people: what was tried, on what, what the cloud said. */
export class CloudError extends Error {
  readonly code: CloudErrorCode;
  readonly remedy: string | null;
  constructor(code: CloudErrorCode, message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'CloudError';
    this.code = code;
    this.remedy = options.remedy ?? null;
  }
  get retryable(): boolean {
    return RETRYABLE.includes(this.code);
  }
}
