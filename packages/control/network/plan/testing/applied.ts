/** For tests: a network of named peers, and what its books say once a change has been made. */

import { WIREGUARD_PORT } from '@skein/contract/primitive.ts';
import type { NewNetwork } from '@skein/contract/rest/network.ts';
import { kubernetesPorts } from '@skein/kubernetes/cni.ts';
import type { ClusterCallers } from '@skein/mesh/firewall/callers.ts';
import { clusterRules } from '@skein/mesh/firewall/cluster.ts';
import { snapshotOf } from '@skein/mesh/network.ts';
import type { Change } from '../after/change.ts';
import { newNetwork } from '../after/new-network.ts';
import { draftNetwork, type Known } from '../draft.ts';
import { type Book, callersIn, cloudClusters, type HeldRow, type Shape } from '../shape.ts';
import { thingsOf } from '../things.ts';

export const KNOWN: Known = {
  accounts: new Map([
    ['acc_aws', { name: 'Production', provider: 'aws', keyless: true }],
    ['acc_gcp', { name: 'Development', provider: 'gcp', keyless: true }],
    ['acc_azure', { name: 'Office cloud', provider: 'azure', keyless: false }],
  ]),
  existing: new Map([['legacy', { cidr: '172.20.0.0/16' }]]),
  takenOverlay: [],
  takenVpc: [],
  takenKubernetes: [],
};

export const SHOP: NewNetwork = {
  name: 'shop',
  topology: 'hybrid',
  zone: 'shop.skein.test',
  allowedPorts: [{ protocol: 'tcp', port: 8080 }],
  peering: 'none',
  driftPolicy: 'heal',
  clusters: [
    { name: 'prod', cloudAccountId: 'acc_aws', region: 'us-east-1', nodes: 2 },
    { name: 'recovery', cloudAccountId: 'acc_aws', region: 'us-west-2', nodes: 2 },
    { name: 'dev', cloudAccountId: 'acc_gcp', region: 'us-central1', nodes: 1 },
  ],
};

/** The change that makes a network. */
export function making(request: NewNetwork, facts: Known = KNOWN): Change {
  const drafted = draftNetwork(request, facts);
  if (!drafted.ok) throw new Error(JSON.stringify(drafted.problems));
  return newNetwork(drafted.draft);
}

/** The books after a change, every step of it done: what the steps write, by the functions they write it with. */
export function booksAfter(change: Change): Book {
  const after = settled(change.after);
  const callers = callersIn(after);
  const rules = new Map(
    cloudClusters(after).flatMap(({ id, vpcCidr, kubernetes }) =>
      (['gateway', 'member'] as const).map((role) => {
        const { planes, [role]: from } = callers.get(id) as ClusterCallers;
        const inside = kubernetes ? kubernetesPorts(kubernetes, role) : [];
        const cluster = { vpcCidr, wireguardPort: WIREGUARD_PORT, planes, inside };
        return [`${id} firewall/${role}`, clusterRules(cluster, from)];
      }),
    ),
  );
  const rows = thingsOf(after).map(
    (thing): HeldRow => ({
      clusterId: thing.clusterId,
      kind: thing.kind,
      key: thing.rowKey,
      provider: thing.provider,
      region: thing.region,
      status: 'present',
      spec: { rules: rules.get(`${thing.clusterId} ${thing.rowKey}`) ?? [] },
      summary: thing.summary,
    }),
  );
  return { shape: after, rows, accounts: KNOWN.accounts };
}

/** The same with real addresses in place of those that nobody knew: 192.0.2.n outside, 10.9.0.n inside. */
function settled(shape: Shape): Shape {
  const { network, number, parts } = shape.snapshot;
  const peers = [...parts.values()].flatMap((part) => part.peers);
  const real = new Map<string, string>();
  for (const { privateAddress, publicAddress } of peers)
    for (const [address, range] of [
      [privateAddress, '10.9.0'],
      [publicAddress, '192.0.2'],
    ] as const)
      if (address?.startsWith('240.') && !real.has(address)) real.set(address, `${range}.${real.size + 1}`);
  for (const { sendsFrom } of shape.clusters.flatMap((cluster) => cluster.peers))
    for (const address of sendsFrom)
      if (address.startsWith('240.') && !real.has(address)) real.set(address, `192.0.2.${real.size + 1}`);
  const told = <T extends string | null>(address: T): T =>
    ((address === null ? undefined : real.get(address)) as T | undefined) ?? address;
  const joined = peers.map((peer) => ({
    ...peer,
    privateAddress: told(peer.privateAddress),
    publicAddress: told(peer.publicAddress),
    endpoints: peer.endpoints.map((one) => ({ ...one, address: told(one.address) })),
  }));
  const clusters = shape.clusters.map((cluster) => ({
    ...cluster,
    state: 'ready' as const,
    peers: cluster.peers.map((peer) => ({
      ...peer,
      sendsFrom: peer.sendsFrom.map((one) => told(one)),
      privateAddress: told(peer.privateAddress),
    })),
  }));
  const mesh = [...parts.values()].map((part) => part.cluster);
  return { ...shape, clusters, snapshot: snapshotOf(number, network, mesh, joined) };
}
