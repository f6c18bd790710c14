/**
 * Finds the best way to each peer that has several, and keeps looking: each way is tried by asking, from WireGuard's own
 * port, while the tunnel goes on by the one in use. Both peers ask at once, which opens their NATs to each other; a way
 * that answered is open both ways, so changing to it loses nothing.
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import type { Endpoint, MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import type { Run } from '../host/command.ts';
import { isFresh } from '../wireguard/handshakes.ts';
import type { TunnelPeer } from '../wireguard/state.ts';
import { chooseWay, dueWays, natOf, newWay, type Tried } from './choose.ts';
import { decodePath, encodePath, pathKey } from './message.ts';
import { applyMouth, MOUTH_PORT } from './mouth.ts';

const TICK_MILLISECONDS = 100;
/** Ways that no map names, learnt from where a peer's questions come from. */
const MOST_LEARNT = 2;
const LEARNT_MILLISECONDS = 60_000;
const SEEN_MILLISECONDS = 300_000;
/** Questions under way, all peers together. */
const MOST_UNDER_WAY = 4096;

export interface Finder {
  /** Whom to look after from now on; before the devices are changed, so that no way that works is given up for a guess. */
  know(map: NetworkMap, privateKey: string): void;
  /** Throws where the node does not let us listen. */
  listen(map: NetworkMap): Promise<void>;
  /** What the devices say, so that peers whose tunnel is well need no looking after. */
  observed(tunnels: readonly TunnelPeer[]): void;
  /**
   * The map with each peer at the way that was found for it, and nowhere else. Until one is found a relay is the safest
   * to begin with.
   */
  narrowed(map: NetworkMap): NetworkMap;
  /** Where others see this node's packets come from, and what that says about the NAT before it. */
  seen(own: { address: string | null; port: number }): {
    endpoints: Endpoint[];
    nat: ReturnType<typeof natOf>;
  };
  close(): void;
}

interface Looked {
  peer: MapPeer;
  key: Buffer;
  offered: Tried[];
  learnt: { way: Tried; at: number }[];
  used: string | null;
  since: number;
  /** Nothing is to be looked for: the tunnel stands on the best way there is. */
  settled: boolean;
}

/**
 * @param clock monotonic milliseconds
 * @param onFound the way to a peer is another one now
 */
export function newFinder(run: Run, clock: () => number, onFound: (peerId: string) => void): Finder {
  const peers = new Map<string, Looked>();
  const sockets = new Map<number, Socket>();
  const underWay = new Map<string, { id: string; way: Tried; at: number }>();
  const sightings = new Map<
    string,
    { by: string; address: string; port: number; plane: number; at: number }
  >();
  let self: { overlayAddress: string } = { overlayAddress: '0.0.0.0' };
  let secret = '';
  let listening = false;
  let timer: NodeJS.Timeout | undefined;

  const waysOf = (looked: Looked): Tried[] => {
    const direct = looked.offered.filter((way) => way.kind !== 'relayed');
    const relayed = looked.offered.filter((way) => way.kind === 'relayed');
    return [...direct, ...looked.learnt.map(({ way }) => way), ...relayed];
  };
  const send = (plane: number, bytes: Buffer, endpoint: string) => {
    const [address = '', port = ''] = endpoint.split(':');
    sockets.get(plane)?.send(bytes, Number(port), address, () => undefined);
  };
  const choose = (looked: Looked) => {
    const way = chooseWay(waysOf(looked), looked.used);
    if (way === null || way === looked.used) return;
    looked.used = way;
    onFound(looked.peer.id);
  };
  const ask = (looked: Looked, way: Tried, now: number) => {
    const nonce = randomBytes(8);
    const oldest = underWay.keys().next();
    if (underWay.size >= MOST_UNDER_WAY && !oldest.done) underWay.delete(oldest.value);
    underWay.set(nonce.toString('hex'), { id: looked.peer.id, way, at: now });
    way.askedAt = now;
    way.unanswered += 1;
    const message = { kind: 'ask', nonce, from: self.overlayAddress, seen: null } as const;
    send(looked.peer.plane, encodePath(message, looked.key), way.endpoint);
  };
  const tick = () => {
    const now = clock();
    for (const looked of peers.values()) {
      if (looked.settled) continue;
      looked.learnt = looked.learnt.filter(
        ({ way, at }) => now - at < LEARNT_MILLISECONDS || way.endpoint === looked.used,
      );
      for (const way of dueWays(waysOf(looked), looked.used, looked.since, now)) ask(looked, way, now);
      choose(looked);
    }
  };
  /** The clock ticks for as long as somebody is to be looked after, which hardly ever is somebody. */
  const keepTicking = () => {
    if (listening && [...peers.values()].some((looked) => !looked.settled))
      timer ??= setInterval(tick, TICK_MILLISECONDS);
    else {
      clearInterval(timer);
      timer = undefined;
    }
  };
  const byOverlay = (address: string) =>
    [...peers.values()].find((looked) => looked.peer.overlayAddress === address);
  const take = (plane: number, bytes: Buffer, from: { address: string; port: number }) => {
    let looked: Looked | undefined;
    const message = decodePath(bytes, (address) => {
      looked = byOverlay(address);
      return looked?.key;
    });
    if (!message || !looked || looked.peer.plane !== plane) return;
    const now = clock();
    const source = `${from.address}:${from.port}`;
    if (message.kind === 'ask') {
      const answer = { kind: 'answer', nonce: message.nonce, from: self.overlayAddress, seen: from } as const;
      send(plane, encodePath(answer, looked.key), source);
      const known = waysOf(looked).find((way) => way.endpoint === source);
      const learnt = looked.learnt.find(({ way }) => way.endpoint === source);
      if (learnt) learnt.at = now;
      else if (!known && looked.learnt.length < MOST_LEARNT)
        looked.learnt.push({ way: newWay(source, 'observed'), at: now });
      // The peer looks for a way: then so do we, or its NAT would be the only one that opens.
      if (looked.settled && looked.used === null) looked.since = now;
      return;
    }
    const asked = underWay.get(message.nonce.toString('hex'));
    if (!asked || asked.id !== looked.peer.id) return;
    underWay.delete(message.nonce.toString('hex'));
    asked.way.answeredAt = now;
    asked.way.rttMilliseconds = now - asked.at;
    asked.way.unanswered = 0;
    if (message.seen && asked.way.kind !== 'relayed')
      sightings.set(`${plane} ${asked.way.endpoint}`, {
        by: asked.way.endpoint,
        ...message.seen,
        plane,
        at: now,
      });
    choose(looked);
  };

  return {
    know: (map, privateKey) => {
      self = { overlayAddress: map.self.overlayAddress };
      const now = clock();
      const wanted = map.peers.filter(
        ({ endpoints }) => endpoints.length > 1 || endpoints.some(({ kind }) => kind === 'relayed'),
      );
      for (const id of [...peers.keys()]) if (!wanted.some((peer) => peer.id === id)) peers.delete(id);
      for (const peer of wanted) {
        const held = peers.get(peer.id);
        const offered = peer.endpoints.map(({ kind, address, port }) => {
          const endpoint = `${address}:${port}`;
          return held?.offered.find((way) => way.endpoint === endpoint) ?? newWay(endpoint, kind);
        });
        const other =
          offered.length !== held?.offered.length || offered.some((way) => !held.offered.includes(way));
        const key =
          held && secret === privateKey && held.peer.wireguardKey === peer.wireguardKey
            ? held.key
            : pathKey(privateKey, peer.wireguardKey);
        peers.set(peer.id, {
          peer,
          key,
          offered,
          learnt: held?.learnt ?? [],
          used: held?.used ?? null,
          since: other ? now : (held?.since ?? now),
          settled: held?.settled ?? false,
        });
      }
      secret = privateKey;
      keepTicking();
    },
    listen: async (map) => {
      for (const [plane, socket] of sockets)
        if (plane >= map.self.planes) {
          socket.close();
          sockets.delete(plane);
        }
      for (let plane = 0; plane < map.self.planes; plane += 1)
        if (!sockets.has(plane)) sockets.set(plane, await openMouth(plane, take));
      await applyMouth(run, map.self.wireguardPort, map.self.planes);
      listening = true;
      keepTicking();
    },
    observed: (tunnels) => {
      const now = clock();
      const byKey = new Map(tunnels.map((tunnel) => [tunnel.key, tunnel]));
      for (const looked of peers.values()) {
        const tunnel = byKey.get(looked.peer.wireguardKey);
        const relayed = looked.offered.some((way) => way.kind === 'relayed');
        const fresh = isFresh(tunnel, now);
        const best = tunnel?.endpoint === looked.offered[0]?.endpoint;
        looked.settled = !relayed && fresh && best;
        if (looked.used !== null || !fresh || tunnel?.endpoint == null) continue;
        // It works without our doing, as after a start of the daemon.
        looked.used = tunnel.endpoint;
        if (!waysOf(looked).some(({ endpoint }) => endpoint === tunnel.endpoint))
          looked.learnt.push({ way: newWay(tunnel.endpoint, 'observed'), at: now });
      }
      keepTicking();
    },
    narrowed: (map) => ({
      ...map,
      peers: map.peers.map((peer) => {
        const looked = peers.get(peer.id);
        if (!looked) return peer;
        const way = waysOf(looked).find(({ endpoint }) => endpoint === looked.used);
        const relayed = peer.endpoints.filter(({ kind }) => kind === 'relayed');
        if (!way)
          return relayed.length === 0 ? peer : { ...peer, endpoints: [...relayed, ...peer.endpoints] };
        const [address = '', port = ''] = way.endpoint.split(':');
        return { ...peer, endpoints: [{ kind: way.kind, address, port: Number(port) }] };
      }),
    }),
    seen: (own) => {
      const now = clock();
      for (const [key, one] of sightings) if (now - one.at > SEEN_MILLISECONDS) sightings.delete(key);
      const first = [...sightings.values()].filter((one) => one.plane === 0);
      const places = new Map(first.map((one) => [`${one.address}:${one.port}`, one]));
      return {
        endpoints: [...places.values()]
          .filter((one) => one.address !== own.address)
          .slice(0, 4)
          .map(({ address, port }) => ({ kind: 'observed' as const, address, port })),
        nat: natOf(first, own),
      };
    },
    close: () => {
      listening = false;
      keepTicking();
      for (const socket of sockets.values()) socket.close();
      sockets.clear();
    },
  };
}

async function openMouth(
  plane: number,
  take: (plane: number, bytes: Buffer, from: { address: string; port: number }) => void,
): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((done, failed) => {
    socket.once('error', failed);
    socket.bind(MOUTH_PORT + plane, () => done());
  });
  socket.removeAllListeners('error').on('error', () => undefined);
  socket.on('message', (bytes, { address, port }) => take(plane, bytes, { address, port }));
  return socket;
}
