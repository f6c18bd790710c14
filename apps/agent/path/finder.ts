/**
 * Finds the best way to each peer that has several, and keeps looking: each way is tried by asking, from WireGuard's own
 * port, while the tunnel goes on by the one in use. Both peers ask at once, which opens their NATs to each other; a way
 * that answered is open both ways, so changing to it loses nothing.
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Endpoint, MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import type { Run } from '../host/command.ts';
import { wireguardPublicKey } from '../state/keys.ts';
import { endpointParts, endpointText } from '../wireguard/endpoint.ts';
import { isFresh } from '../wireguard/handshakes.ts';
import type { TunnelPeer } from '../wireguard/state.ts';
import { chooseWay, dueWays, isAlive, isRelayed, natOf, newWay, rankOf, type Tried } from './choose.ts';
import { decodePath, encodePath, pathKey, pathTag } from './message.ts';
import { applyMouth, MOUTH_PORT } from './mouth.ts';
import {
  afterAnswer,
  afterQuestion,
  isOutside,
  isWitness,
  judge,
  NOTHING_KNOWN,
  type Outside,
  type Udp,
} from './outside.ts';

const TICK_MILLISECONDS = 100;
/** While all tunnels are well, for what is asked all the same. */
const IDLE_TICK_MILLISECONDS = 5000;
/** Ways that no map names, learnt from where a peer's questions come from. */
const MOST_LEARNT = 2;
const LEARNT_MILLISECONDS = 60_000;
const SEEN_MILLISECONDS = 300_000;
/** Public peers that are asked though their tunnels need no looking after: whether UDP gets out, and what they see. */
const MOST_WITNESSES = 4;
const WITNESS_MILLISECONDS = 10_000;
const WITNESS_IN_DOUBT_MILLISECONDS = 400;
/** What fewer peers have seen within that time says nothing of a NAT. */
const OBSERVERS = 2;
const OBSERVED_MILLISECONDS = 60_000;
/** Two keepalives that did not come, and how late they may be. */
const UNHEARD_MILLISECONDS = 60_000;
/** Questions under way, all peers together. */
const MOST_UNDER_WAY = 4096;

export interface Finder {
  /** Whom to look after from now on; before the devices are changed, so that no way that works is given up for a guess. */
  know(map: NetworkMap, privateKey: string): void;
  /** Throws where the node does not let us listen. @param six whether the node speaks IPv6 */
  listen(map: NetworkMap, six: boolean): Promise<void>;
  /**
   * What the devices say, so that peers whose tunnel is well need no looking after.
   * @param dead ids of peers that do not answer through their tunnel, however fresh it is
   */
  observed(tunnels: readonly TunnelPeer[], dead: ReadonlySet<string>): void;
  /** Whether UDP gets out of where this node is. */
  udp(): Udp;
  /**
   * The map with each peer at the way that was found for it, and nowhere else. Until one is found a relay is the safest
   * to begin with.
   */
  narrowed(map: NetworkMap): NetworkMap;
  /**
   * Keys of the peers whose tunnel has strayed onto a worse way than the one found: it follows the peer's packets, and
   * where both change over at one moment each may follow the other back.
   */
  strayed(tunnels: readonly TunnelPeer[]): readonly string[];
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
  /** Of what is sent to the peer. */
  tag: string;
  offered: Tried[];
  learnt: { way: Tried; at: number }[];
  used: string | null;
  since: number;
  /** What the tunnel had received when that last grew. */
  received: { bytes: number; at: number };
  /** Nothing is to be looked for: the tunnel stands on the best way there is. */
  settled: boolean;
}

export interface FinderOptions {
  run: Run;
  /** Monotonic milliseconds. */
  clock: () => number;
  /** Since when the coordinator has been reached, by the same clock; null while it is not. */
  onlineSince: () => number | null;
  /** The way to a peer is another one now. */
  onFound: (peerId: string) => void;
  /** What `udp` says is something else now. */
  onUdp: () => void;
}

export function newFinder({ run, clock, onlineSince, onFound, onUdp }: FinderOptions): Finder {
  const peers = new Map<string, Looked>();
  /** By kind and plane. */
  const sockets = new Map<string, { socket: Socket; plane: number; kind: Kind }>();
  const underWay = new Map<string, { id: string; way: Tried; at: number }>();
  const sightings = new Map<
    string,
    { by: string; address: string; port: number; plane: number; at: number }
  >();
  /** Everybody in the map, by the tag of what they send us. */
  let senders: ReadonlyMap<string, MapPeer> = new Map();
  /** Those tags by WireGuard key: most stay from map to map. */
  let tags: ReadonlyMap<string, string> = new Map();
  let secret = '';
  let ownKey = '';
  let listening = false;
  /** Milliseconds between looks; null while there are none. */
  let ticking: number | null = null;
  let timer: NodeJS.Timeout | undefined;
  let outside: Outside = NOTHING_KNOWN;
  let answeredAt = 0;
  /** Some tunnel to outside has a recent handshake. */
  let fresh = false;

  const waysOf = (looked: Looked): Tried[] => {
    const direct = looked.offered.filter((way) => !isRelayed(way));
    const relayed = looked.offered.filter((way) => way.kind === 'relayed');
    const tls = looked.offered.filter((way) => way.kind === 'tls');
    return [...direct, ...looked.learnt.map(({ way }) => way), ...relayed, ...tls];
  };
  const send = (plane: number, bytes: Buffer, endpoint: string) => {
    const { address, port } = endpointParts(endpoint);
    const kind = isIPv6(address) ? 'udp6' : 'udp4';
    sockets.get(`${kind} ${plane}`)?.socket.send(bytes, port, address, () => undefined);
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
    if (isWitness(way)) outside = afterQuestion(outside, now);
    const message = { kind: 'ask', nonce, seen: null } as const;
    send(looked.peer.plane, encodePath(message, looked.tag, looked.key), way.endpoint);
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
    if (now - answeredAt >= WITNESS_MILLISECONDS || observers(now) < OBSERVERS) askWitnesses(now);
    const kinds = [...peers.values()].map(
      (looked) => waysOf(looked).find(({ endpoint }) => endpoint === looked.used)?.kind,
    );
    const seen = { onlineSince: onlineSince(), fresh, usesTls: kinds.includes('tls') };
    const was = outside.udp;
    outside = judge(outside, seen, now);
    if (outside.udp !== was) onUdp();
    keepTicking();
  };
  /**
   * Those whose tunnel is well are asked too, now and then: nobody else would say that UDP is blocked from now on, and
   * that of several public peers all see the same.
   */
  const askWitnesses = (now: number) => {
    const inDoubt = outside.udp !== 'blocked' && now - answeredAt >= WITNESS_MILLISECONDS;
    const pause = inDoubt ? WITNESS_IN_DOUBT_MILLISECONDS : WITNESS_MILLISECONDS;
    let asked = 0;
    for (const looked of peers.values())
      for (const way of waysOf(looked)) {
        if (asked >= MOST_WITNESSES) return;
        if (!isWitness(way)) continue;
        asked += 1;
        if (way.askedAt === null || now - way.askedAt >= pause) ask(looked, way, now);
      }
  };
  const observers = (now: number) =>
    [...sightings.values()].filter(({ plane, at }) => plane === 0 && now - at < OBSERVED_MILLISECONDS).length;
  /** The clock ticks for as long as somebody is to be looked after, which hardly ever is somebody; else now and then. */
  const keepTicking = () => {
    const inDoubt = outside.silence !== null || [...peers.values()].some((looked) => !looked.settled);
    const pause = !listening ? null : inDoubt ? TICK_MILLISECONDS : IDLE_TICK_MILLISECONDS;
    if (pause === ticking) return;
    clearInterval(timer);
    ticking = pause;
    timer = pause === null ? undefined : setInterval(tick, pause);
  };
  const take = (plane: number, bytes: Buffer, from: { address: string; port: number }) => {
    let sender: MapPeer | undefined;
    let key: Buffer | undefined;
    const message = decodePath(bytes, (tag) => {
      sender = senders.get(tag);
      key = sender && (peers.get(sender.id)?.key ?? pathKey(secret, sender.wireguardKey));
      return key;
    });
    if (!message || !sender || !key || sender.plane !== plane) return;
    const looked = peers.get(sender.id);
    const now = clock();
    const source = endpointText(from);
    if (message.kind === 'ask') {
      // IPv6 has no NAT to learn of.
      const seen = isIPv6(from.address) ? null : from;
      const answer = { kind: 'answer', nonce: message.nonce, seen } as const;
      // Whoever is in the map is answered, also one that we look for no way to.
      send(plane, encodePath(answer, pathTag(ownKey, sender.wireguardKey), key), source);
      if (!looked) return;
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
    if (!asked || !looked || asked.id !== looked.peer.id) return;
    underWay.delete(message.nonce.toString('hex'));
    asked.way.answeredAt = now;
    asked.way.rttMilliseconds = now - asked.at;
    asked.way.unanswered = 0;
    if (isOutside(asked.way)) {
      answeredAt = now;
      const was = outside.udp;
      outside = afterAnswer(outside, now);
      if (outside.udp !== was) onUdp();
    }
    if (message.seen && !isRelayed(asked.way))
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
      const now = clock();
      const known = secret === privateKey ? tags : new Map<string, string>();
      if (secret !== privateKey) ownKey = wireguardPublicKey(privateKey);
      const tagOf = (key: string) => known.get(key) ?? pathTag(key, ownKey);
      tags = new Map(map.peers.map(({ wireguardKey }) => [wireguardKey, tagOf(wireguardKey)]));
      senders = new Map(map.peers.map((peer) => [tags.get(peer.wireguardKey) ?? '', peer]));
      let witnesses = 0;
      const wanted = map.peers.filter(({ endpoints }) => {
        if (endpoints.length > 1 || endpoints.some(isRelayed)) return true;
        if (!endpoints.some(isWitness)) return false;
        witnesses += 1;
        return witnesses <= MOST_WITNESSES;
      });
      for (const id of [...peers.keys()]) if (!wanted.some((peer) => peer.id === id)) peers.delete(id);
      for (const peer of wanted) {
        const held = peers.get(peer.id);
        const offered = peer.endpoints.map(({ kind, address, port }) => {
          const endpoint = endpointText({ address, port });
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
          tag: held?.key === key ? held.tag : pathTag(ownKey, peer.wireguardKey),
          offered,
          learnt: held?.learnt ?? [],
          used: held?.used ?? null,
          since: other ? now : (held?.since ?? now),
          received: held?.received ?? { bytes: 0, at: now },
          settled: held?.settled ?? false,
        });
      }
      secret = privateKey;
      keepTicking();
    },
    listen: async (map, six) => {
      for (const [name, { socket, plane, kind }] of sockets)
        if (plane >= map.self.planes || (kind === 'udp6' && !six)) {
          socket.close();
          sockets.delete(name);
        }
      for (const kind of six ? (['udp4', 'udp6'] as const) : (['udp4'] as const)) {
        for (let plane = 0; plane < map.self.planes; plane += 1) {
          const name = `${kind} ${plane}`;
          if (!sockets.has(name))
            sockets.set(name, { socket: await openMouth(kind, plane, take), plane, kind });
        }
        await applyMouth(run, kind === 'udp6' ? 'ip6' : 'ip', map.self.wireguardPort, map.self.planes);
      }
      listening = true;
      keepTicking();
    },
    observed: (tunnels, dead) => {
      const now = clock();
      const byKey = new Map(tunnels.map((tunnel) => [tunnel.key, tunnel]));
      fresh = false;
      for (const looked of peers.values()) {
        const tunnel = byKey.get(looked.peer.wireguardKey);
        const relayed = looked.offered.some(isRelayed);
        const shook = isFresh(tunnel, now);
        const best = tunnel?.endpoint === looked.offered[0]?.endpoint;
        const bytes = tunnel?.receivedBytes ?? 0;
        if (bytes !== looked.received.bytes) looked.received = { bytes, at: now };
        // A handshake tells of the time before it alone: its session may have outlived the way.
        const heard = looked.peer.keepaliveSeconds === 0 || now - looked.received.at < UNHEARD_MILLISECONDS;
        const isDead = dead.has(looked.peer.id);
        looked.settled = !relayed && shook && best && heard && !isDead;
        const stands = waysOf(looked).find(({ endpoint }) => endpoint === tunnel?.endpoint);
        fresh ||= shook && stands !== undefined && isOutside(stands);
        if (looked.used !== null || !shook || tunnel?.endpoint == null) continue;
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
        // Where there are ways over TLS, no UDP was heard at one of the two.
        const tls = peer.endpoints.filter(({ kind }) => kind === 'tls');
        const relayed = [...tls, ...peer.endpoints.filter(({ kind }) => kind === 'relayed')];
        if (!way)
          return relayed.length === 0 ? peer : { ...peer, endpoints: [...relayed, ...peer.endpoints] };
        return { ...peer, endpoints: [{ kind: way.kind, ...endpointParts(way.endpoint) }] };
      }),
    }),
    udp: () => outside.udp,
    strayed: (tunnels) => {
      const byKey = new Map(tunnels.map((tunnel) => [tunnel.key, tunnel]));
      return [...peers.values()].flatMap((looked) => {
        const ways = waysOf(looked);
        const endpoint = byKey.get(looked.peer.wireguardKey)?.endpoint;
        const [usedAt = -1, standsAt = -1] = [looked.used, endpoint].map((at) =>
          ways.findIndex((way) => way.endpoint === at),
        );
        const [used, stands] = [ways[usedAt], ways[standsAt]];
        if (!used || !stands || !isAlive(used)) return [];
        const worse = rankOf(stands) - rankOf(used);
        // Of relays none is better for where it stands in the list.
        if (worse < 0 || (worse === 0 && (isRelayed(used) || standsAt <= usedAt))) return [];
        return [looked.peer.wireguardKey];
      });
    },
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
      for (const { socket } of sockets.values()) socket.close();
      sockets.clear();
    },
  };
}

type Kind = 'udp4' | 'udp6';

async function openMouth(
  kind: Kind,
  plane: number,
  take: (plane: number, bytes: Buffer, from: { address: string; port: number }) => void,
): Promise<Socket> {
  const socket = createSocket({ type: kind, ipv6Only: kind === 'udp6' });
  await new Promise<void>((done, failed) => {
    socket.once('error', failed);
    socket.bind(MOUTH_PORT + plane, () => done());
  });
  socket.removeAllListeners('error').on('error', () => undefined);
  socket.on('message', (bytes, { address, port }) => take(plane, bytes, { address, port }));
  return socket;
}
