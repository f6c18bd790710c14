/** The daemon's part of an examination: tunnels probed at this moment, with the very sockets that carry probes always. */
import { setTimeout as wait } from 'node:timers/promises';
import type { MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import type { MtuKeeper } from '../mtu/keeper.ts';
import { SMALL } from '../mtu/path.ts';
import { endpointText } from '../wireguard/endpoint.ts';
import type { TunnelPeer } from '../wireguard/state.ts';
import type { PeerMeasure } from './facts.ts';

const PROBES = 10;
const EVERY_MILLISECONDS = 100;
const ANSWER_MILLISECONDS = 1000;
/** Peers measured where none is named: gateways first, for they carry the most. */
const MOST_PEERS = 32;

/** Peers worth measuring: the one of this id, name or overlay address, or as many as there is time for. */
export function chosenPeers(map: NetworkMap, only: string | undefined): MapPeer[] {
  if (only !== undefined)
    return map.peers.filter((peer) => [peer.id, peer.name, peer.overlayAddress].includes(only));
  const gatewaysFirst = [...map.peers].sort(
    (a, b) => Number(a.role !== 'gateway') - Number(b.role !== 'gateway'),
  );
  return gatewaysFirst.slice(0, MOST_PEERS);
}

/**
 * Probes the tunnels to these peers for two seconds.
 * @param observe every tunnel as its device has it now
 * @param now milliseconds since 1970
 */
export async function measurePeers(
  peers: readonly MapPeer[],
  observe: () => Promise<readonly TunnelPeer[]>,
  mtu: MtuKeeper,
  now: () => number,
): Promise<PeerMeasure[]> {
  mtu.lookAgain(peers.map((peer) => peer.id));
  const before = byKey(await observe());
  const results = await Promise.all(peers.map((peer) => probe(peer, mtu)));
  const after = byKey(await observe());
  const paths = mtu.paths();
  return peers.map((peer, index): PeerMeasure => {
    const tunnel = tunnelOf(peer, after);
    const earlier = tunnelOf(peer, before);
    const endpoint = tunnel?.endpoint ?? null;
    const offered = peer.endpoints.map((one) => ({
      kind: one.kind,
      endpoint: endpointText(one),
    }));
    const roundTrips = results[index] ?? [];
    return {
      peerId: peer.id,
      name: peer.name,
      role: peer.role,
      clusterId: peer.clusterId,
      overlayAddress: peer.overlayAddress,
      plane: peer.plane,
      offered,
      endpoint,
      endpointKind: endpoint === null ? null : kindOf(peer, endpoint),
      handshakeAgeSeconds:
        tunnel?.lastHandshakeAt == null ? null : Math.max(0, (now() - tunnel.lastHandshakeAt) / 1000),
      probes: PROBES,
      answered: roundTrips.length,
      rttMilliseconds: median(roundTrips),
      receivedBytes: (tunnel?.receivedBytes ?? 0) - (earlier?.receivedBytes ?? 0),
      sentBytes: (tunnel?.sentBytes ?? 0) - (earlier?.sentBytes ?? 0),
      mtu: mtu.mtuOf(peer.id),
      mtuCeiling: paths.get(peer.id)?.ceiling ?? mtu.mtuOf(peer.id),
      seenAs: mtu.echo()?.seenBy(peer.overlayAddress) ?? null,
    };
  });
}

/** What kind of endpoint this one of a peer is; `roamed` where the map does not name it. */
export function kindOf(peer: MapPeer, endpoint: string): string {
  return peer.endpoints.find((one) => endpointText(one) === endpoint)?.kind ?? 'roamed';
}

/** Round trips of those probes that were answered. */
async function probe(peer: MapPeer, mtu: MtuKeeper): Promise<number[]> {
  const echo = mtu.echo();
  if (!echo) return [];
  const asked: Promise<ReadonlyMap<number, number>>[] = [];
  for (let count = 0; count < PROBES; count += 1) {
    if (count > 0) await wait(EVERY_MILLISECONDS);
    asked.push(echo.ask(peer.overlayAddress, [SMALL], 1, ANSWER_MILLISECONDS));
  }
  return (await Promise.all(asked)).flatMap((answered) => [...answered.values()]);
}

function byKey(tunnels: readonly TunnelPeer[]): Map<string, TunnelPeer> {
  return new Map(tunnels.map((tunnel) => [tunnel.key, tunnel]));
}

function tunnelOf(peer: MapPeer, tunnels: ReadonlyMap<string, TunnelPeer>): TunnelPeer | undefined {
  return tunnels.get(peer.wireguardKey) ?? tunnels.get(peer.nextWireguardKey ?? '');
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  return middle === undefined ? null : Math.round(middle * 100) / 100;
}
