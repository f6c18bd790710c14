/**
 * Google Cloud's state as the lab keeps it: plain JSON, resources by name within a project, references by name.
 * Links, fingerprints and the states of things that only follow from others are made when they are shown.
 */
import { createHash } from 'node:crypto';
import type { Section, Store } from '../store/store.ts';

export interface Network {
  id: string;
  name: string;
  createdAt: string;
  description: string;
  mtu: number;
  routingMode: 'REGIONAL' | 'GLOBAL';
  /** This network's halves; none where it was never peered. */
  peerings?: Peering[];
}

export interface Peering {
  name: string;
  /** Path of the other network, from `projects/` on. */
  network: string;
  exportCustomRoutes: boolean;
  importCustomRoutes: boolean;
  connectedAt: string;
}

export interface Subnetwork {
  id: string;
  name: string;
  createdAt: string;
  description: string;
  region: string;
  network: string;
  cidr: string;
  privateGoogleAccess: boolean;
  kept: Record<string, unknown>;
}

export interface Traffic {
  IPProtocol: string;
  ports?: string[];
}

export interface Firewall {
  id: string;
  name: string;
  createdAt: string;
  description: string;
  network: string;
  direction: 'INGRESS' | 'EGRESS';
  priority: number;
  disabled: boolean;
  allowed: Traffic[];
  denied: Traffic[];
  sourceRanges: string[];
  destinationRanges: string[];
  sourceTags: string[];
  targetTags: string[];
  kept: Record<string, unknown>;
}

export interface Address {
  id: string;
  name: string;
  createdAt: string;
  description: string;
  region: string;
  address: string;
  networkTier: string;
  labels: Record<string, string>;
}

export interface Instance {
  id: string;
  name: string;
  createdAt: string;
  description: string;
  zone: string;
  machineType: string;
  /** PROVISIONING is shown as STAGING once the kernel side has heard of the machine. */
  status: 'PROVISIONING' | 'RUNNING' | 'STOPPING' | 'TERMINATED';
  statusMessage: string | null;
  hostname: string | null;
  tags: string[];
  labels: Record<string, string>;
  metadata: { key: string; value: string }[];
  canIpForward: boolean;
  deletionProtection: boolean;
  network: string;
  subnetwork: string;
  privateAddress: string;
  /** The 1:1 NAT to the outside. `natIP` is null while an instance without a reserved address is stopped. */
  external: { name: string; natIP: string | null; networkTier: string; reserved: boolean } | null;
  disk: {
    name: string;
    deviceName: string;
    sizeGb: string;
    image: string;
    type: string;
    autoDelete: boolean;
  };
  startedAt: string;
  stoppedAt: string | null;
  kept: Record<string, unknown>;
}

/** What a finished operation changes. Its resource's insert is seen at once, its delete only when it is done. */
export type Effect =
  | { kind: 'nothing' }
  | { kind: 'instance-up'; name: string }
  | { kind: 'instance-down'; name: string }
  | {
      kind: 'remove';
      collection: 'networks' | 'subnetworks' | 'firewalls' | 'addresses' | 'instances';
      key: string;
    };

export interface Operation {
  id: string;
  name: string;
  /** `global`, `regions/…` or `zones/…`. */
  scope: string;
  type: string;
  /** Path of what it works on, from `projects/` on. */
  target: string;
  targetId: string;
  user: string;
  insertedAt: string;
  /** Not done before, in milliseconds since the epoch. */
  dueAt: number;
  endedAt: string | null;
  /** What a client's `requestId` belongs to: the same again answers this operation. */
  request: { id: string; what: string } | null;
  error: { code: string; message: string; httpStatus: number; httpMessage: string } | null;
  effect: Effect;
}

export interface RecordSet {
  /** Absolute, with the last dot. */
  name: string;
  type: string;
  ttl: number;
  rrdatas: string[];
}

export interface Change {
  id: string;
  startedAt: string;
  /** In milliseconds since the epoch. */
  dueAt: number;
  additions: RecordSet[];
  deletions: RecordSet[];
}

export interface ManagedZone {
  id: string;
  name: string;
  createdAt: string;
  description: string;
  /** With the last dot. */
  dnsName: string;
  visibility: 'public' | 'private';
  labels: Record<string, string>;
  /** Names of networks of the same project; of private zones only. */
  networks: string[];
  nameServers: string[];
  recordSets: RecordSet[];
  changes: Change[];
}

export interface Project {
  networks: Record<string, Network>;
  /** By `region/name`. */
  subnetworks: Record<string, Subnetwork>;
  firewalls: Record<string, Firewall>;
  /** By `region/name`. */
  addresses: Record<string, Address>;
  /** By `zone/name`. */
  instances: Record<string, Instance>;
  operations: Operation[];
  zones: Record<string, ManagedZone>;
}

export interface GcpState {
  /** Counts what was made; ids come from it. */
  serial: number;
  projects: Record<string, Project>;
}

const emptyGcp = (): GcpState => ({ serial: 0, projects: {} });

/** The section of the lab's store that holds all of it. */
export const openGcpState = (store: Store): Section<GcpState> => store.section('gcp', emptyGcp);

export const emptyProject = (): Project => ({
  networks: {},
  subnetworks: {},
  firewalls: {},
  addresses: {},
  instances: {},
  operations: [],
  zones: {},
});

/** The next id: a 64-bit number as text, like Google's, never given twice. */
export function nextId(state: GcpState): string {
  state.serial += 1;
  return String(4_000_000_000_000_000_007n + BigInt(state.serial) * 7_919_000_003n);
}

/** What changes when its contents change: Google's optimistic lock. */
export const fingerprintOf = (content: unknown): string =>
  createHash('sha256').update(JSON.stringify(content)).digest().subarray(0, 8).toString('base64');

/** Values of a collection in the order Google lists them: by key. */
export const sorted = <T>(collection: Record<string, T>): T[] =>
  Object.keys(collection)
    .sort()
    .map((key) => collection[key] as T);

/** By name or by numeric id, as Google's paths allow both. */
export function lookUp<T extends { id: string; name: string }>(
  collection: Record<string, T>,
  prefix: string,
  nameOrId: string,
): T | undefined {
  if (Object.hasOwn(collection, prefix + nameOrId)) return collection[prefix + nameOrId];
  if (!/^\d+$/.test(nameOrId)) return undefined;
  return Object.entries(collection).find(
    ([key, each]) => key.startsWith(prefix) && each.id === nameOrId,
  )?.[1];
}
