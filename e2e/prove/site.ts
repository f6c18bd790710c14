/** The proven network as the API and the lab tell of it: each peer with the machine on which it runs. */
import { Cluster, Network } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { Peer } from '@skein/contract/rest/peer.ts';
import type { Api } from '@skein/local/api.ts';
import type { LabControl, LabMachine } from '@skein/local/lab.ts';

export interface Seat {
  peer: Peer;
  cluster: Cluster;
  machine: LabMachine;
  /** Its name in the network, such as `gw-1.production.shop.skein.test`. */
  fqdn: string;
}

export interface Site {
  network: Network;
  clusters: Cluster[];
  seats: Seat[];
}

/** Reads the network anew. @throws Error when a peer has no running machine behind it */
export async function readSite(api: Api, lab: LabControl, networkId: string): Promise<Site> {
  const network = await api.call('GET', `/networks/${networkId}`, Network);
  const { items: clusters } = await api.call('GET', `/networks/${networkId}/clusters`, pageOf(Cluster));
  const peers = (await api.call('GET', `/networks/${networkId}/peers?limit=200`, pageOf(Peer))).items.filter(
    (peer) => peer.state !== 'removed',
  );
  const machines = await lab.machines();
  const seats = peers.map((peer) => {
    const cluster = clusters.find((candidate) => candidate.id === peer.clusterId);
    if (!cluster) throw new Error(`Peer ${peer.name} names a cluster that the API does not list`);
    const machine = machines.find(
      (candidate) =>
        candidate.state === 'running' &&
        candidate.privateAddress === peer.privateAddress &&
        candidate.cloud === cluster.provider,
    );
    if (!machine)
      throw new Error(
        `No running machine has the private address ${peer.privateAddress} of ${peer.name} in ${cluster.name}`,
      );
    return { peer, cluster, machine, fqdn: `${peer.name}.${cluster.name}.${network.zone}` };
  });
  return { network, clusters, seats };
}

/** Every ordered pair of different seats. */
export const pairsOf = (seats: readonly Seat[]): [Seat, Seat][] =>
  seats.flatMap((from) => seats.filter((to) => to !== from).map((to): [Seat, Seat] => [from, to]));
