/** Networks and their clusters, as the REST API speaks of them. */
import { z } from 'zod';
import { MAX_PLANES } from '../agent/map.ts';
import {
  AccountProvider,
  AllowedPort,
  Cidr,
  DriftPolicy,
  Label,
  Labels,
  Peering,
  ProviderId,
  Topology,
  ZoneName,
} from '../primitive.ts';
import { ClusterKubernetes, KubernetesUpgrade, NewKubernetes } from './kubernetes.ts';

const Time = z.iso.datetime();

export const NewCluster = z.object({
  name: Label,
  /** Null for plain hosts that join by the one-liner. */
  cloudAccountId: z.string().nullable(),
  region: z.string().min(1).max(60),
  nodes: z.int().min(0).max(50).default(2),
  gateways: z
    .int()
    .min(1)
    .max(MAX_PLANES)
    .optional()
    .describe('How many of the nodes are gateways, all at work at the same time; 1 when left out'),
  instanceType: z.string().max(60).optional().describe('The provider’s default when left out'),
  existingNetwork: z
    .object({ networkId: z.string().min(1).max(300), subnetId: z.string().min(1).max(300) })
    .optional()
    .describe('A VPC and subnet of your own, in the cloud’s words. Skein neither tags nor deletes them.'),
  nodeIdentity: z
    .string()
    .min(1)
    .max(300)
    .optional()
    .describe('What nodes are in the cloud: an instance profile, a service account, a managed identity'),
  kubernetes: NewKubernetes.optional().describe(
    'Makes its nodes a Kubernetes cluster, or says that they are one',
  ),
});
export type NewCluster = z.infer<typeof NewCluster>;

export const NewNetwork = z.object({
  name: Label,
  topology: Topology.default('hybrid'),
  hubCluster: Label.optional().describe(
    'Topology `hub`: the cluster in the middle; the best reachable when left out',
  ),
  zone: ZoneName,
  cidr: Cidr.optional().describe('Overlay range, /16 to /20; one is given out when left out'),
  allowedPorts: z.array(AllowedPort).max(64).default([]),
  /** The account whose DNS holds the public zone; the first cluster's when left out. */
  dnsCloudAccountId: z.string().nullable().optional(),
  peering: Peering.default('none'),
  driftPolicy: DriftPolicy.default('heal'),
  clusters: z.array(NewCluster).min(1).max(100),
});
export type NewNetwork = z.infer<typeof NewNetwork>;

/** What is left out stays as it is. */
export const NetworkChange = z
  .object({
    allowedPorts: z.array(AllowedPort).max(64),
    peering: Peering,
    driftPolicy: DriftPolicy,
    topology: Topology,
    hubClusterId: z
      .string()
      .nullable()
      .describe('Topology `hub`: the cluster in the middle; null lets Skein choose the best reachable'),
  })
  .partial();
export type NetworkChange = z.infer<typeof NetworkChange>;

export const NetworkState = z.enum(['provisioning', 'ready', 'degraded', 'deleting', 'failed', 'deleted']);
export const Network = z.object({
  id: z.string(),
  name: Label,
  topology: Topology,
  hubClusterId: z.string().nullable(),
  zone: ZoneName,
  cidr: Cidr,
  allowedPorts: z
    .array(AllowedPort)
    .nullable()
    .describe('Open between all clusters beside ping; null where the policy says more than that'),
  peering: Peering,
  driftPolicy: DriftPolicy,
  /** When the clouds were last compared with what should be there. */
  driftCheckedAt: Time.nullable(),
  /** Findings that still stand. */
  drift: z.int(),
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
  existingNetwork: z.object({ networkId: z.string(), subnetId: z.string() }).nullable(),
  nodeIdentity: z.string().nullable(),
  labels: Labels,
  vpcCidr: Cidr.nullable(),
  overlayCidr: Cidr,
  kubernetes: ClusterKubernetes.nullable(),
  state: z.enum(['provisioning', 'ready', 'deleting', 'failed', 'deleted']),
  peers: z.object({ expected: z.int(), connected: z.int() }),
  createdAt: Time,
});
export type Cluster = z.infer<typeof Cluster>;

export const ResourceKind = z.enum([
  'network',
  'peering',
  'firewall',
  'address',
  'instance',
  'zone',
  'record',
]);
export type ResourceKind = z.infer<typeof ResourceKind>;
export const PlanAction = z.enum(['create', 'change', 'destroy', 'keep']);
export type PlanAction = z.infer<typeof PlanAction>;

/** One thing of a plan, and in which cloud. */
export const PlannedResource = z.object({
  action: PlanAction,
  kind: ResourceKind,
  key: z.string(),
  cluster: z.string().nullable(),
  provider: AccountProvider,
  region: z.string(),
  summary: z.string().describe('In words: “UDP 51820 from the gateways of 2 other clusters”'),
});
export type PlannedResource = z.infer<typeof PlannedResource>;

/** One permission in a security group: a protocol, ports and one source range. */
export const PlannedRule = z.object({
  action: PlanAction,
  cluster: z.string(),
  group: z.enum(['gateway', 'member']),
  protocol: z.enum(['udp', 'tcp']),
  fromPort: z.int(),
  toPort: z.int(),
  source: z.string().describe('A range, or in words where the address is not known yet'),
});
export type PlannedRule = z.infer<typeof PlannedRule>;

/** One name in one hosted zone. */
export const PlannedRecord = z.object({
  action: PlanAction,
  zone: z.string().describe('`public`, or the cluster whose private zone it is'),
  name: z.string(),
  before: z.array(z.string()),
  after: z.array(z.string()).describe('Addresses, or in words where they are not known yet'),
});
export type PlannedRecord = z.infer<typeof PlannedRecord>;

export const CostLine = z.object({
  what: z.string(),
  provider: AccountProvider,
  region: z.string(),
  quantity: z.number(),
  unit: z.string().describe('`hour`, `month`, `GB`'),
  unitUsd: z.number(),
  monthlyUsd: z.number(),
});
export type CostLine = z.infer<typeof CostLine>;
/** An estimate by list prices, on 730 hours a month. */
export const CostEstimate = z.object({
  pricesOf: z.iso.date().describe('Day of the price table'),
  beforeUsd: z.number().describe('A month, as the network is now'),
  afterUsd: z.number(),
  lines: z.array(CostLine),
  leftOut: z.array(z.string()).describe('What could not be priced'),
});
export type CostEstimate = z.infer<typeof CostEstimate>;

/** Which peers and which flows between clusters feel the change. */
export const BlastRadius = z.object({
  peers: z.array(
    z.object({
      cluster: z.string(),
      name: z.string(),
      effect: z.enum(['added', 'removed', 'new-map']),
    }),
  ),
  flows: z.array(
    z.object({ from: z.string(), to: z.string(), effect: z.enum(['opened', 'cut', 'rerouted']) }),
  ),
});
export type BlastRadius = z.infer<typeof BlastRadius>;

export const PlanWarning = z.object({
  code: z.enum([
    'quota',
    'world-open',
    'overlap',
    'no-public-zone',
    'no-nodes',
    'single-gateway',
    'static-key',
    'kubernetes',
    'unknown',
  ]),
  message: z.string(),
});
export type PlanWarning = z.infer<typeof PlanWarning>;

export const NetworkPlan = z.object({
  cidr: Cidr,
  clusters: z.array(
    z.object({
      name: Label,
      vpcCidr: Cidr.nullable(),
      overlayCidr: Cidr,
      kubernetes: ClusterKubernetes.nullable(),
    }),
  ),
  resources: z.array(PlannedResource),
  rules: z.array(PlannedRule),
  records: z.array(PlannedRecord),
  cost: CostEstimate,
  blastRadius: BlastRadius,
  steps: z.array(z.object({ key: z.string(), title: z.string(), dependsOn: z.array(z.string()) })),
  warnings: z.array(PlanWarning),
  hash: z.string(),
});
export type NetworkPlan = z.infer<typeof NetworkPlan>;

/** A change of a network that is there, to be planned before it is made. */
export const PlannedChange = z.discriminatedUnion('change', [
  NetworkChange.extend({ change: z.literal('settings') }),
  NewCluster.extend({ change: z.literal('add-cluster') }),
  z.object({ change: z.literal('add-nodes'), clusterId: z.string(), nodes: z.int().min(1).max(50) }),
  KubernetesUpgrade.extend({ change: z.literal('upgrade-kubernetes'), clusterId: z.string() }),
  z.object({ change: z.literal('remove-peer'), peerId: z.string() }),
  z.object({ change: z.literal('remove-cluster'), clusterId: z.string() }),
  z.object({ change: z.literal('delete') }),
]);
export type PlannedChange = z.infer<typeof PlannedChange>;

export const CloudResource = z.object({
  id: z.string(),
  kind: ResourceKind,
  key: z.string(),
  clusterId: z.string().nullable(),
  provider: AccountProvider,
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
