/** Drafting networks and clusters, purely: what was asked for, and what is taken already, gives ranges and peers. */
import {
  type AccountProvider,
  type DriftPolicy,
  type Peering,
  type PeerRole,
  ProviderId,
  type Topology,
} from '@skein/contract/primitive.ts';
import type { ClusterKubernetes } from '@skein/contract/rest/kubernetes.ts';
import type { NewNetwork } from '@skein/contract/rest/network.ts';
import type { Policy } from '@skein/contract/rest/policy.ts';
import { K3S_INSTANCE_TYPES } from '@skein/kubernetes/k3s.ts';
import { allocateAddress, allocateCidr } from '@skein/mesh/ipam/allocate.ts';
import { overlaps, parseCidr } from '@skein/mesh/ipam/cidr.ts';
import { simplePolicy } from '@skein/mesh/policy/simple.ts';
import { draftKubernetes, rangesOf } from './kubernetes.ts';
import type { KnownAccount } from './shape.ts';

export const OVERLAY_POOL = '100.64.0.0/10';
export const VPC_POOL = '10.64.0.0/10';
const OVERLAY_PREFIX = 16;
const CLUSTER_PREFIX = 24;
const VPC_PREFIX = 20;

export interface PlannedPeer {
  name: string;
  role: PeerRole;
  overlayAddress: string;
}
export interface PlannedCluster {
  name: string;
  cloudAccountId: string | null;
  provider: ProviderId | null;
  region: string;
  instanceType: string | null;
  existingNetwork: { networkId: string; subnetId: string } | null;
  nodeIdentity: string | null;
  vpcCidr: string | null;
  overlayCidr: string;
  kubernetes: ClusterKubernetes | null;
  peers: PlannedPeer[];
}
export interface Draft {
  name: string;
  zone: string;
  cidr: string;
  topology: Topology;
  /** By name. */
  hubCluster: string | null;
  policy: Policy;
  peering: Peering;
  driftPolicy: DriftPolicy;
  dns: { cloudAccountId: string; provider: AccountProvider } | null;
  clusters: PlannedCluster[];
}

export interface Known {
  /** The organization's cloud accounts, by id. */
  accounts: ReadonlyMap<string, KnownAccount>;
  /** Ranges of the VPCs that clusters are to be put into, by the cluster's name. */
  existing: ReadonlyMap<string, { cidr: string }>;
  /** Ranges of the organization's living networks and clusters. */
  takenOverlay: readonly string[];
  takenVpc: readonly string[];
  /** Ranges of pods and of ClusterIPs of the organization's living clusters. */
  takenKubernetes: readonly string[];
}

export type Problem = { path: string; message: string };
export type Drafted = { ok: true; draft: Draft } | { ok: false; problems: Problem[] };
export type WantedCluster = NewNetwork['clusters'][number];

/** Plans a new network. Problems name the fields of the request. */
export function draftNetwork(request: NewNetwork, known: Known): Drafted {
  const problems: Problem[] = [];
  const cidr = overlayFor(request, known, problems);
  if (cidr === undefined) return { ok: false, problems };

  const clusters: PlannedCluster[] = [];
  for (const [index, wanted] of request.clusters.entries()) {
    if (clusters.some((other) => other.name === wanted.name))
      problems.push({
        path: `clusters.${index}.name`,
        message: `there are two clusters named ${wanted.name}`,
      });
    const cluster = draftCluster(wanted, cidr, {
      ...known,
      takenOverlay: clusters.map((other) => other.overlayCidr),
      takenVpc: [...known.takenVpc, ...clusters.flatMap((other) => other.vpcCidr ?? [])],
      takenKubernetes: [...known.takenKubernetes, ...clusters.flatMap(rangesOf)],
    });
    if (cluster.ok) clusters.push(cluster.cluster);
    else problems.push(...cluster.problems.map((one) => ({ ...one, path: `clusters.${index}.${one.path}` })));
  }

  const first = clusters.find((cluster) => cluster.cloudAccountId !== null)?.cloudAccountId;
  const dnsId = request.dnsCloudAccountId === undefined ? first : request.dnsCloudAccountId;
  const dnsAccount = dnsId ? known.accounts.get(dnsId) : undefined;
  if (dnsId && !dnsAccount)
    problems.push({ path: 'dnsCloudAccountId', message: 'there is no such cloud account' });
  const { hubCluster: hubName } = request;
  if (hubName !== undefined && !request.clusters.some((cluster) => cluster.name === hubName))
    problems.push({ path: 'hubCluster', message: `there is no cluster named ${hubName}` });
  if (problems.length > 0) return { ok: false, problems };

  const dns = dnsId && dnsAccount ? { cloudAccountId: dnsId, provider: dnsAccount.provider } : null;
  const { name, zone, topology, hubCluster = null, peering, driftPolicy } = request;
  const policy = simplePolicy(request.allowedPorts);
  return {
    ok: true,
    draft: { name, zone, cidr, topology, hubCluster, policy, peering, driftPolicy, dns, clusters },
  };
}

/** Plans one cluster in a network's range: its ranges, its peers with their addresses. */
export function draftCluster(
  wanted: WantedCluster,
  networkCidr: string,
  known: Known,
): { ok: true; cluster: PlannedCluster } | { ok: false; problems: Problem[] } {
  const account = wanted.cloudAccountId === null ? null : known.accounts.get(wanted.cloudAccountId);
  if (account === undefined)
    return { ok: false, problems: [{ path: 'cloudAccountId', message: 'there is no such cloud account' }] };
  const provider = account ? ProviderId.safeParse(account.provider).data : null;
  if (provider === undefined)
    return {
      ok: false,
      problems: [
        { path: 'cloudAccountId', message: 'this account is of a name server, which runs no machines' },
      ],
    };
  const overlay = allocateCidr(networkCidr, CLUSTER_PREFIX, known.takenOverlay);
  if (!overlay.ok)
    return {
      ok: false,
      problems: [{ path: 'name', message: `the range ${networkCidr} has no room for another cluster` }],
    };
  const vpc = vpcFor(wanted, known, networkCidr);
  if (vpc && !vpc.ok)
    return {
      ok: false,
      problems: [vpc.problem],
    };
  const beside = [networkCidr, ...known.takenVpc, ...(vpc ? [vpc.cidr] : [])];
  const kubernetes = draftKubernetes(wanted, { taken: known.takenKubernetes, beside });
  if (kubernetes && !kubernetes.ok) return { ok: false, problems: kubernetes.problems };
  const { kubernetes: made = null } = kubernetes ?? {};
  // The providers' default types are too small for an API server.
  const enough = made?.distribution === 'k3s' && provider ? K3S_INSTANCE_TYPES[provider] : null;
  return {
    ok: true,
    cluster: {
      name: wanted.name,
      cloudAccountId: wanted.cloudAccountId,
      provider,
      region: wanted.region,
      instanceType: wanted.instanceType ?? enough,
      existingNetwork: wanted.existingNetwork ?? null,
      nodeIdentity: wanted.nodeIdentity ?? null,
      vpcCidr: vpc?.cidr ?? null,
      overlayCidr: overlay.cidr,
      kubernetes: made,
      peers: account ? draftPeers(wanted.nodes, overlay.cidr, [], [], wanted.gateways) : [],
    },
  };
}

/**
 * `count` more peers of a cluster: the very first are the gateways `gw-1`, `gw-2` …, the others `node-1`, `node-2` …
 * @param taken names that no peer bears but that are not free: instances that still stand have them, or hosts of ranges
 * @param gateways how many a cluster of nobody begins with
 */
export function draftPeers(
  count: number,
  overlayCidr: string,
  living: readonly { name: string; overlayAddress: string }[],
  taken: readonly string[] = [],
  gateways = 1,
): PlannedPeer[] {
  const names = new Set([...living.map((peer) => peer.name), ...taken]);
  const addresses = new Set(living.map((peer) => peer.overlayAddress));
  const peers: PlannedPeer[] = [];
  for (let made = 0, number = 1; made < count; made++) {
    const leads = living.length === 0 && made < gateways;
    while (!leads && names.has(`node-${number}`)) number++;
    const grant = allocateAddress(overlayCidr, addresses);
    if (!grant.ok) break;
    const name = leads ? `gw-${made + 1}` : `node-${number}`;
    names.add(name);
    addresses.add(grant.address);
    peers.push({ name, role: leads ? 'gateway' : 'member', overlayAddress: grant.address });
  }
  return peers;
}

/** The range of a cluster's VPC: one of our own, or that of the VPC it is put into; null where there is no cloud. */
function vpcFor(
  wanted: WantedCluster,
  known: Known,
  networkCidr: string,
): { ok: true; cidr: string } | { ok: false; problem: Problem } | null {
  const refused = (path: string, message: string) => ({ ok: false as const, problem: { path, message } });
  if (wanted.cloudAccountId === null)
    return wanted.existingNetwork
      ? refused('existingNetwork', 'only a cluster with a cloud account can be put into a VPC')
      : null;
  if (!wanted.existingNetwork) {
    const grant = allocateCidr(VPC_POOL, VPC_PREFIX, known.takenVpc);
    return grant.ok ? grant : refused('cloudAccountId', `no range of ${VPC_POOL} is left for another VPC`);
  }
  const there = known.existing.get(wanted.name);
  if (!there) throw new Error(`nobody has looked at the VPC of ${wanted.name}`);
  const clash = known.takenVpc.find((taken) => overlaps(taken, there.cidr));
  if (clash)
    return refused(
      'existingNetwork',
      `its range ${there.cidr} overlaps ${clash} of another cluster of this organization`,
    );
  if (overlaps(networkCidr, there.cidr))
    return refused(
      'existingNetwork',
      `its range ${there.cidr} overlaps ${networkCidr}, the overlay range of this network`,
    );
  return { ok: true, cidr: there.cidr };
}

function overlayFor(request: NewNetwork, known: Known, problems: Problem[]): string | undefined {
  if (request.cidr === undefined) {
    const grant = allocateCidr(OVERLAY_POOL, OVERLAY_PREFIX, [...known.takenOverlay, ...known.takenVpc]);
    if (grant.ok) return grant.cidr;
    problems.push({ path: 'cidr', message: `no range of ${OVERLAY_POOL} is left: name one of your own` });
    return undefined;
  }
  const { prefixLength } = parseCidr(request.cidr);
  const clash = known.takenOverlay.find((taken) => overlaps(taken, request.cidr ?? taken));
  if (prefixLength < 16 || prefixLength > 20)
    problems.push({ path: 'cidr', message: 'must be a /16 to /20' });
  else if (overlaps(request.cidr, VPC_POOL))
    problems.push({ path: 'cidr', message: `overlaps ${VPC_POOL}, of which VPC ranges are given out` });
  else if (clash) problems.push({ path: 'cidr', message: `overlaps ${clash} of another network` });
  else return request.cidr;
  return undefined;
}
