/** Networks and their clusters, as the REST API speaks of them. */
import { z } from 'zod';
import { AllowedPort, Cidr, Label, ProviderId, Topology, ZoneName } from '../primitive.ts';

const Time = z.iso.datetime();

export const NewCluster = z.object({
  name: Label,
  /** Null for plain hosts that join by the one-liner. */
  cloudAccountId: z.string().nullable(),
  region: z.string().min(1).max(60),
  nodes: z.int().min(0).max(50).default(2),
  instanceType: z.string().max(60).optional().describe('The provider’s default when left out'),
});
export type NewCluster = z.infer<typeof NewCluster>;

export const NewNetwork = z.object({
  name: Label,
  topology: Topology.default('hybrid'),
  zone: ZoneName,
  cidr: Cidr.optional().describe('Overlay range, /16 to /20; one is given out when left out'),
  allowedPorts: z.array(AllowedPort).max(64).default([]),
  /** The account whose DNS holds the public zone; the first cluster's when left out. */
  dnsCloudAccountId: z.string().nullable().optional(),
  clusters: z.array(NewCluster).min(1).max(100),
});
export type NewNetwork = z.infer<typeof NewNetwork>;

export const NetworkChange = z.object({ allowedPorts: z.array(AllowedPort).max(64) });
export type NetworkChange = z.infer<typeof NetworkChange>;

export const NetworkState = z.enum(['provisioning', 'ready', 'degraded', 'deleting', 'failed', 'deleted']);
export const Network = z.object({
  id: z.string(),
  name: Label,
  topology: Topology,
  zone: ZoneName,
  cidr: Cidr,
  allowedPorts: z.array(AllowedPort),
  state: NetworkState,
  revision: z.int(),
  clusters: z.int(),
  peers: z.object({ expected: z.int(), connected: z.int() }),
  createdAt: Time,
});
export type Network = z.infer<typeof Network>;

export const Cluster = z.object({
  id: z.string(),
  networkId: z.string(),
  name: Label,
  cloudAccountId: z.string().nullable(),
  provider: ProviderId.nullable(),
  region: z.string(),
  vpcCidr: Cidr.nullable(),
  overlayCidr: Cidr,
  state: z.enum(['provisioning', 'ready', 'deleting', 'failed', 'deleted']),
  peers: z.object({ expected: z.int(), connected: z.int() }),
  createdAt: Time,
});
export type Cluster = z.infer<typeof Cluster>;

/** One thing that a plan would make, and in which cloud. */
export const PlannedResource = z.object({
  action: z.enum(['create', 'change', 'destroy', 'keep']),
  kind: z.enum(['network', 'firewall', 'address', 'instance', 'zone', 'record']),
  key: z.string(),
  cluster: z.string().nullable(),
  provider: ProviderId,
  region: z.string(),
  summary: z.string().describe('In words: “UDP 51820 from the gateways of 2 other clusters”'),
});
export const NetworkPlan = z.object({
  cidr: Cidr,
  clusters: z.array(z.object({ name: Label, vpcCidr: Cidr.nullable(), overlayCidr: Cidr })),
  resources: z.array(PlannedResource),
  steps: z.array(z.object({ key: z.string(), title: z.string(), dependsOn: z.array(z.string()) })),
  warnings: z.array(z.string()),
  hash: z.string(),
});
export type NetworkPlan = z.infer<typeof NetworkPlan>;

export const CloudResource = z.object({
  id: z.string(),
  kind: PlannedResource.shape.kind,
  key: z.string(),
  clusterId: z.string().nullable(),
  provider: ProviderId,
  region: z.string(),
  externalId: z.string().nullable(),
  status: z.enum(['wanted', 'present', 'deleting', 'gone']),
  summary: z.string(),
  updatedAt: Time,
});
export type CloudResource = z.infer<typeof CloudResource>;

/** One name and what it answers in each view. */
export const DnsRecord = z.object({
  name: z.string(),
  clusterId: z.string(),
  inside: z.array(z.string()),
  outside: z.array(z.string()),
  public: z.array(z.string()).describe('What the public zone answers'),
});
export type DnsRecord = z.infer<typeof DnsRecord>;
