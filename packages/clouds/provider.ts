/**
 * What every cloud can do for Skein, and nothing else. Adding a cloud touches its folder, one line of
 * `registry.ts` and one compliance spec.
 *
 * Each resource has four verbs. `observe` answers undefined only on the provider's own not-found answer:
 * forbidden is not missing. `reconcile` may be called again with the same spec and then changes nothing.
 * `delete` of what is gone succeeds. Nothing that does not carry our owner tag is ever changed or deleted.
 */
import type { ProviderId } from '@skein/contract/primitive.ts';
import type { GrantDocument, PreflightFinding } from '@skein/contract/rest/account.ts';
import type { OwnIdentity } from './own-identity.ts';

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
  /** Where long-running operations of the cloud are remembered, so that another process can go on with them. */
  resume: Resume;
}

/**
 * Tokens by which a cloud's long-running operation is found again. One is saved when the cloud has taken the operation
 * and forgotten when it has ended; in between, whoever makes the same call again waits for it instead of starting it
 * again. Tokens hold addresses, never a secret.
 */
export interface Resume {
  /** @param key names the operation: what is done, and on which resource. */
  load(key: string): Promise<string | undefined>;
  /** @param token null forgets. */
  save(key: string, token: string | null): Promise<void>;
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

/**
 * This network's half of a peering with another of the same provider: the agreement, and the routes here. Each side's
 * cloud reconciles its own half; it stands once both have.
 */
export interface PeeringSpec extends Keyed {
  name: string;
  near: NetworkState;
  far: PeeringEnd;
}
export interface PeeringEnd {
  clusterId: string;
  network: NetworkState;
  region: string;
  /** The cloud's own account that the other network stands in; null: the same as ours. */
  holder: string | null;
}
export interface PeeringState {
  externalId: string;
  /** Both halves are there and traffic passes. */
  active: boolean;
  /** Ranges that this side routes to the other. */
  cidrs: string[];
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
  /** Further groups, where one cannot hold all the rules; instances carry these too. */
  more: string[];
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
  /** What the node is in its cloud: an instance profile, a service account, a managed identity. */
  nodeIdentity: string | null;
  /** Asked for only where an instance is started: user-data of one that is there cannot be changed. */
  userData: () => Promise<string>;
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
  /**
   * A VPC and subnet that somebody else made: looked at, never tagged, changed or deleted.
   * @throws CloudError `not-found`, or `invalid` where the subnet is not of that network
   */
  existingNetwork(at: { networkId: string; subnetId: string }, context: CallContext): Promise<NetworkState>;
  /** Credentials, permissions, room, image, region: what would stand in the way of `wish`. Changes nothing. */
  preflight(wish: Wish, context: CallContext): Promise<PreflightFinding[]>;
  /** How much of what the account may hold here is used. */
  quotas(context: CallContext): Promise<Quota[]>;
  /** Who changed it last since then, where the cloud tells; null where it does not. */
  lastChange(
    at: { kind: 'network' | 'firewall' | 'address' | 'instance'; externalId: string },
    since: Date,
    context: CallContext,
  ): Promise<{ who: string; action: string; at: Date } | null>;
  networks: Resource<NetworkSpec, NetworkState>;
  peerings: Resource<PeeringSpec, PeeringState>;
  firewalls: Resource<FirewallSpec, FirewallState>;
  addresses: Resource<AddressSpec, AddressState>;
  instances: Resource<InstanceSpec, InstanceState>;
}

/** What is to be made, as far as an account's limits care. */
export interface Wish {
  instanceType: string;
  instances: number;
  addresses: number;
  networks: number;
  /** Everything that the account must be allowed, its DNS included. */
  permissions: readonly Permission[];
}

export interface Quota {
  what: 'instances' | 'vcpus' | 'addresses' | 'networks' | 'firewalls';
  limit: number;
  used: number;
}

/** One permission that the code of this provider uses, in the cloud's own words. */
export interface Permission {
  /** `ec2:CreateVpc`, `compute.networks.create`, `Microsoft.Network/virtualNetworks/write`. */
  action: string;
  /** Completes “needed to …”. */
  why: string;
}

/** Whom a grant is for. */
export interface Grantee {
  organizationId: string;
  /** Whom the cloud is to trust instead of a key; null where static keys are used. */
  keyless: { awsPrincipal: string | null; issuer: string } | null;
}

export interface Provider<Credentials = unknown> {
  id: ProviderId;
  title: string;
  regions: readonly { id: string; title: string }[];
  defaultInstanceType: string;
  /** Every permission that the code here uses, and no other. */
  permissions: readonly Permission[];
  /** Those needed besides where nodes get an identity of their own in the cloud (`InstanceSpec.nodeIdentity`). */
  nodeIdentityPermissions: readonly Permission[];
  /** What to paste into the cloud so that exactly `permissions` are given to `grantee`. */
  grant(permissions: readonly Permission[], grantee: Grantee): GrantDocument[];
  /** Loads what the first call would otherwise wait for: the SDK, and what it makes of itself. Asks nobody. */
  load(): Promise<void>;
  /** Opens no connection. `endpoint` replaces the provider's own API addresses. */
  connect(account: {
    credentials: Credentials;
    endpoint: string | null;
    region: string;
    identity: OwnIdentity;
  }): Cloud;
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
