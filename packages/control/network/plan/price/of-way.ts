/** By which kind of way a tunnel goes, and what its sender pays its cloud for a GB that leaves by it. */
import type { Endpoint } from '@skein/contract/agent/map.ts';
import type { ProviderId } from '@skein/contract/primitive.ts';
import { RELAY_PORTS, TLS_RELAY_PORTS } from '@skein/mesh/relay/plan.ts';
import type { PriceTable } from './table.ts';

/** Where a peer is: null for a plain host. */
export type Place = { readonly provider: ProviderId; readonly region: string } | null;

export interface WayEnd {
  readonly clusterId: string;
  readonly place: Place;
  readonly endpoints: readonly Endpoint[];
  readonly privateAddress: string | null;
  readonly publicAddress: string | null;
  readonly udpBlocked: boolean;
}

export interface Way {
  readonly kind: Endpoint['kind'];
  /** By list price; null where no price is known, as on a plain host. */
  readonly usdPerGb: number | null;
}

/**
 * The way of a tunnel that reaches `to` at `endpoint`.
 * @param relays places of the network's relays by their addresses
 */
export function wayOf(
  endpoint: string,
  from: WayEnd,
  to: WayEnd,
  relays: ReadonlyMap<string, Place>,
  prices: PriceTable,
): Way {
  const [, address = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(endpoint) ?? [];
  const relay = relays.get(address);
  const within = ({ first, last }: { first: number; last: number }) =>
    first <= Number(port) && Number(port) <= last;
  const ofTls = within(TLS_RELAY_PORTS);
  if (relay !== undefined && (ofTls || within(RELAY_PORTS)))
    return {
      // The other of the pair comes to such a port by UDP.
      kind: ofTls && from.udpBlocked ? 'tls' : 'relayed',
      usdPerGb: outside(from.place, relay, prices),
    };
  // At the relay itself the way over TLS ends at the node.
  if (ofTls && address === '127.0.0.1')
    return { kind: 'tls', usdPerGb: outside(from.place, to.place, prices) };
  const offered = to.endpoints.find((one) => one.address === address)?.kind;
  if (address === to.privateAddress || offered === 'private')
    return { kind: 'private', usdPerGb: inside(from, to, prices) };
  if (offered === 'global') return { kind: 'global', usdPerGb: outside(from.place, to.place, prices) };
  const kind = address === to.publicAddress || offered === 'public' ? 'public' : 'observed';
  return { kind, usdPerGb: outside(from.place, to.place, prices) };
}

function inside(from: WayEnd, to: WayEnd, prices: PriceTable): number | null {
  const here = pricesAt(from.place, prices);
  if (!here || !from.place) return null;
  // The nodes of one cluster share a subnet.
  if (from.clusterId === to.clusterId) return 0;
  return from.place.region === to.place?.region ? here.peeringGb : here.otherRegionPeeringGb;
}

function outside(from: Place, to: Place, prices: PriceTable): number | null {
  const here = pricesAt(from, prices);
  if (!here || !from) return null;
  if (to?.provider !== from.provider) return here.internetGb;
  return to.region === from.region ? here.otherZoneGb : here.otherRegionGb;
}

function pricesAt(place: Place, prices: PriceTable) {
  return place && prices.providers[place.provider].regions[place.region];
}
