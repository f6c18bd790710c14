/**
 * Split horizon: what each name answers in each view. `inside` is for the name's own cluster, `outside` for the rest
 * of the network, `public` for everybody else.
 */
import { type ClusterPart, compareText, type MeshPeer } from '../network.ts';
import { translate } from '../range/translate.ts';

export interface NameView {
  readonly name: string;
  readonly inside: string[];
  readonly outside: string[];
  readonly public: string[];
  /** The addresses of the overlay among these have no twins in IPv6. */
  readonly ipv4Only?: true;
}

/**
 * Names of one cluster, sorted: `P.C.Z` for each peer P and each host P of a range that has a name, and `C.Z` for the
 * gateways where there are any. A host answers its own address inside and the translated one everywhere else.
 * Where a view's own kind of address is missing the overlay address answers: it is reachable from every peer.
 */
export function namesOf(part: ClusterPart, zone: string): NameView[] {
  const domain = clusterDomain(part.cluster, zone);
  const gateways = part.peers.filter((peer) => peer.role === 'gateway');
  // Flows come by any of the gateways: one that passes on no IPv6 loses some of them.
  const narrow = gateways.some((peer) => peer.ipv4Only);
  const sixOf = (narrower: boolean | undefined) => (narrow || narrower ? { ipv4Only: true as const } : {});
  const names: NameView[] = part.peers.map((peer) => ({
    name: `${peer.name}.${domain}`,
    inside: [insideAddress(peer)],
    outside: [peer.overlayAddress],
    public: [peer.publicAddress ?? peer.overlayAddress],
    ...sixOf(peer.ipv4Only),
  }));
  for (const { cidr, overlayCidr, hosts, docker } of part.cluster.ranges)
    for (const { name, address } of docker ? [] : hosts) {
      const elsewhere = [translate(address, cidr, overlayCidr)];
      names.push({
        name: `${name}.${domain}`,
        inside: [address],
        outside: elsewhere,
        public: elsewhere,
        ipv4Only: true,
      });
    }
  if (gateways.length > 0) {
    // From outside a gateway without a public address is no way in while another has one.
    const open = gateways.map((peer) => peer.publicAddress).filter((address) => address !== null);
    const outside = sorted(open.length > 0 ? open : gateways.map((peer) => peer.overlayAddress));
    const inside = sorted(gateways.map(insideAddress));
    names.push({ name: domain, inside, outside, public: outside, ...sixOf(false) });
  }
  return names.sort((a, b) => compareText(a.name, b.name));
}

/**
 * `NAME.P.C.Z` for each container that runs in a Docker network of peer P. They come and go all the time, so agents alone
 * know them, and no hosted zone.
 */
export function containerNamesOf(part: ClusterPart, zone: string): Omit<NameView, 'public'>[] {
  const peers = new Map(part.peers.map((peer) => [peer.id, peer.name]));
  const names = new Map<string, Omit<NameView, 'public'>>();
  for (const { peerId, docker, cidr, overlayCidr, hosts } of part.cluster.ranges) {
    const peer = peers.get(peerId ?? '');
    for (const host of docker && peer ? hosts : []) {
      const name = `${host.name}.${peer}.${clusterDomain(part.cluster, zone)}`;
      // Nobody but the host itself is beside it: within the cluster too it is reached through the overlay.
      const there = [translate(host.address, cidr, overlayCidr)];
      if (!names.has(name)) names.set(name, { name, inside: there, outside: there, ipv4Only: true });
    }
  }
  return [...names.values()];
}

/**
 * What `C.Z` answers in the clusters peered with C, or undefined where C has no gateway: the private addresses at which
 * its gateways hear their tunnels, as `C.Z` answers the public ones outside.
 *
 * `P.C.Z` keeps its overlay address there. The groups of a cluster let in nothing of a peered VPC but WireGuard to the
 * gateways: a packet to a node's private address would be dropped, and one that passed would be in the clear. What goes
 * to the overlay address takes the private way too, sealed, for the gateways' tunnel runs over the peering.
 */
export function peeredNameOf(part: ClusterPart, zone: string): Omit<NameView, 'public'> | undefined {
  const name = clusterDomain(part.cluster, zone);
  const own = namesOf(part, zone).find((view) => view.name === name);
  if (!own) return undefined;
  const { public: _, ...view } = own;
  return view;
}

/** `C.Z`: where a cluster's names live. */
export function clusterDomain(cluster: { readonly name: string }, zone: string): string {
  return `${cluster.name}.${zone}`;
}

function insideAddress(peer: MeshPeer): string {
  return peer.privateAddress ?? peer.overlayAddress;
}

function sorted(addresses: string[]): string[] {
  return [...new Set(addresses)].sort(compareText);
}
