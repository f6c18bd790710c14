import { WIREGUARD_PORT } from '@skein/contract/primitive.ts';
import { changeSnapshot, type MeshPeer } from '@skein/mesh/network.ts';
import type { PlannedCluster, PlannedPeer } from '../draft.ts';
import { byName, meshClusterOf, plannedId, type Shape, type ShapeCluster, type ShapePeer } from '../shape.ts';
import type { Unknowns } from '../unknowns.ts';

/** The network with one cluster more, its nodes made and joined. */
export function withCluster(shape: Shape, drafted: PlannedCluster, unknowns: Unknowns): Shape {
  const { peers, ...rest } = drafted;
  const cluster: ShapeCluster = {
    ...rest,
    id: plannedId(drafted.name),
    state: drafted.cloudAccountId === null ? 'ready' : 'provisioning',
    peers: [],
  };
  const snapshot = changeSnapshot(shape.snapshot, {
    number: shape.snapshot.number,
    clusters: new Map([[cluster.id, meshClusterOf(cluster)]]),
  }).after;
  const clusters = [...shape.clusters, cluster];
  return withPeers({ ...shape, clusters, snapshot }, cluster.id, peers, unknowns);
}

/** The network with more nodes in one of its clusters, made and joined. */
export function withPeers(
  shape: Shape,
  clusterId: string,
  drafted: readonly PlannedPeer[],
  unknowns: Unknowns,
): Shape {
  const cluster = shape.clusters.find((one) => one.id === clusterId);
  if (!cluster) throw new Error(`no cluster ${clusterId}`);
  const joined = drafted.map((peer) => meshPeerOf(peer, cluster, unknowns));
  const everybodyCalls = shape.snapshot.network.topology === 'full';
  const peers = joined.map(
    ({ id, name, role, overlayAddress, privateAddress, publicAddress }): ShapePeer => ({
      id,
      name,
      role,
      seat: null,
      managed: true,
      overlayAddress,
      sendsFrom:
        publicAddress !== null
          ? [publicAddress]
          : everybodyCalls
            ? [unknowns.address(`the passing address of ${cluster.name}/${name}, given when it is made`)]
            : [],
      privateAddress,
    }),
  );
  const { after: snapshot } = changeSnapshot(shape.snapshot, {
    number: shape.snapshot.number,
    peers: new Map(joined.map((peer) => [peer.id, peer])),
  });
  return {
    ...shape,
    snapshot,
    clusters: shape.clusters.map((one) =>
      one === cluster ? { ...one, peers: byName([...one.peers, ...peers]) } : one,
    ),
  };
}

/** A node as it will have joined: its addresses are the cloud's to give. */
function meshPeerOf(peer: PlannedPeer, cluster: ShapeCluster, unknowns: Unknowns): MeshPeer {
  const address = (kind: 'private' | 'public') =>
    unknowns.address(`the ${kind} address of ${cluster.name}/${peer.name}, given when it is made`);
  const privateAddress = address('private');
  const publicAddress = peer.role === 'gateway' ? address('public') : null;
  const { name, role, overlayAddress } = peer;
  return {
    id: `planned/${cluster.name}/${name}`,
    clusterId: cluster.id,
    name,
    role,
    wireguardKey: '',
    nextWireguardKey: null,
    retiredKey: null,
    relay: null,
    overlayAddress,
    privateAddress,
    publicAddress,
    endpoints: [
      { kind: 'private' as const, address: privateAddress, port: WIREGUARD_PORT },
      ...(publicAddress ? [{ kind: 'public' as const, address: publicAddress, port: WIREGUARD_PORT }] : []),
    ],
    labels: {},
  };
}
