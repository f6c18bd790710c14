/** All that clouds hold for a network once it stands, purely: one thing for each row that steps write. */
import type { PlannedResource } from '@skein/contract/rest/network.ts';
import { clusterDomain } from '@skein/mesh/name/view.ts';
import { peeredWith } from '@skein/mesh/network.ts';
import type { z } from 'zod';
import { portsWords } from '../../operation/step/callers.ts';
import { peeringKey } from '../../operation/step/peering.ts';
import { peeredClusters } from './peered.ts';
import { callersIn, cloudClusters, type Shape, type ShapeCluster } from './shape.ts';

export interface Thing extends Omit<z.infer<typeof PlannedResource>, 'action'> {
  clusterId: string | null;
  /** Key of its row: as `key`, but that a peering's row names the other cluster by its id. */
  rowKey: string;
  /** Of a peering: the other cluster's name. */
  far: string | null;
  /** Somebody else's, which Skein uses and neither tags nor deletes. */
  theirs: boolean;
}
type Kind = Thing['kind'];

export const GROUPS = ['gateway', 'member'] as const;

export function thingsOf(shape: Shape): Thing[] {
  const clusters = cloudClusters(shape).flatMap((cluster) => [
    ...clusterThings(cluster, shape),
    ...peeringThings(cluster, shape),
  ]);
  if (!shape.dns) return clusters;
  const { provider } = shape.dns;
  const home = { clusterId: null, cluster: null, provider, region: 'global' };
  return [
    ...clusters,
    thing(home, 'zone', 'public', `public zone ${shape.zone}`),
    thing(home, 'record', 'public', `${namesIn(shape.clusters)} names with their public answers`),
  ];
}

/** `key` beyond its kind: `gw-1`, `gateway`; nothing for a network. */
function thing(
  home: Pick<Thing, 'clusterId' | 'cluster' | 'provider' | 'region'>,
  kind: Kind,
  own: string | null,
  summary: string,
): Thing {
  const key = own === null ? kind : `${kind === 'record' ? 'records' : kind}/${own}`;
  return { ...home, kind, key, rowKey: key, summary, far: null, theirs: false };
}

function clusterThings(cluster: ReturnType<typeof cloudClusters>[number], shape: Shape): Thing[] {
  const { id: clusterId, name, provider, region, vpcCidr, existingNetwork } = cluster;
  const home = { clusterId, cluster: name, provider, region };
  const made = cluster.peers.filter((peer) => peer.managed);
  const gateways = made.filter((peer) => peer.role === 'gateway');
  const network = thing(home, 'network', null, `VPC and subnet ${vpcCidr}`);
  return [
    existingNetwork
      ? { ...network, theirs: true, summary: `${theirVpc(existingNetwork)} (${vpcCidr}): ${NOT_OURS}` }
      : network,
    ...gateways.map((peer) => thing(home, 'address', peer.name, `public address of ${peer.name}`)),
    ...GROUPS.map((role) => thing(home, 'firewall', role, firewallSummary(role, cluster, shape))),
    ...made.map((peer) =>
      thing(home, 'instance', peer.name, `${peer.role} ${peer.name} at ${peer.overlayAddress}`),
    ),
    thing(home, 'zone', 'private', zoneSummary(cluster, shape)),
    thing(home, 'record', 'private', `${namesIn([cluster])} names with their answers inside ${name}`),
  ];
}

const NOT_OURS = 'not Skein’s, used and neither tagged nor deleted';
function theirVpc({ networkId, subnetId }: { networkId: string; subnetId: string }): string {
  return `VPC ${networkId}, subnet ${subnetId}`;
}

/** What becomes of a VPC that is somebody else's when its cluster goes. */
export function leftAlone(existing: { networkId: string; subnetId: string }): string {
  return `${theirVpc(existing)}: ${NOT_OURS}`;
}

function zoneSummary(cluster: ShapeCluster, shape: Shape): string {
  const also = zoneGuests(shape, cluster).map((one) => one.name);
  const where = also.length > 0 ? `the VPCs of ${[cluster.name, ...also].join(', ')}` : 'this VPC';
  return `private zone ${clusterDomain(cluster, shape.zone)} for ${where}`;
}

/** Other clusters in whose VPCs a cluster's private zone answers: those peered with it that are in the same account. */
export function zoneGuests({ snapshot, clusters }: Shape, cluster: ShapeCluster): ShapeCluster[] {
  const part = snapshot.parts.get(cluster.id);
  const peered = new Set(part ? peeredWith(snapshot, part).map((other) => other.cluster.id) : []);
  return clusters.filter((one) => peered.has(one.id) && one.cloudAccountId === cluster.cloudAccountId);
}

/** This cluster's halves. */
function peeringThings(near: ReturnType<typeof cloudClusters>[number], shape: Shape): Thing[] {
  const { id: clusterId, name, provider, region } = near;
  const home = { clusterId, cluster: name, provider, region };
  return peeredClusters(shape, near).map((far) => ({
    ...thing(
      home,
      'peering',
      far.name,
      `peering with the VPC of ${far.name}, and the route to ${far.vpcCidr}`,
    ),
    rowKey: peeringKey(far.id),
    far: far.name,
  }));
}

/** In words: from where each group is entered. */
function firewallSummary(role: 'gateway' | 'member', cluster: ShapeCluster, shape: Shape): string {
  const callers = callersIn(shape).get(cluster.id);
  const outside = new Set(callers?.[role].others);
  const count = shape.clusters.filter(
    (other) =>
      other !== cluster && other.peers.some((peer) => peer.sendsFrom.some((one) => outside.has(one))),
  ).length;
  const who = shape.snapshot.network.topology === 'full' ? 'peers' : 'gateways';
  const from = [
    `${cluster.vpcCidr}`,
    ...(count > 0 ? [`the ${who} of ${count} other ${count === 1 ? 'cluster' : 'clusters'}`] : []),
  ];
  return `UDP ${portsWords(callers?.planes ?? 1)} from ${from.join(' and ')}`;
}

/** A name a peer, and one for the gateways of a cluster that has any. */
function namesIn(clusters: readonly ShapeCluster[]): number {
  return clusters.reduce((sum, { peers }) => {
    const own = peers.some((peer) => peer.role === 'gateway') ? 1 : 0;
    return sum + peers.length + own;
  }, 0);
}
