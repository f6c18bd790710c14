/**
 * What peers agree on between themselves, over a socket on the overlay address: the pre-shared key of each pair, and
 * the very moment at which one changes over to its announced WireGuard key.
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as wait } from 'node:timers/promises';
import type { MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import { PAIR_PORT } from '../config.ts';
import { AgentFailure, wordsOf } from '../failure.ts';
import type { Log } from '../host/log.ts';
import { writeSharedKeys } from '../state/shared-keys.ts';
import type { TunnelPeer } from '../wireguard/state.ts';
import { Exchange, type SharedKey } from './exchange.ts';
import { kem } from './kem.ts';
import { decode, encode, type PairMessage } from './message.ts';
import { newSilence } from './silence.ts';

export interface PairKeeper {
  /** The peers of this map from now on. Throws `address-taken`. */
  apply(map: NetworkMap): Promise<void>;
  /** The map with each peer under the key that it uses by now. */
  inUse(map: NetworkMap): NetworkMap;
  /** Pre-shared keys by peer id, base64. */
  keys(): ReadonlyMap<string, string>;
  /** What the devices hold: tells silent tunnels, and keys that peers use already. Answers whether keys change by it. */
  observe(map: NetworkMap, tunnels: readonly TunnelPeer[]): boolean;
  /** Asks the peers that are up whether they know our next key; answers how many have not said so. */
  announce(key: string): number;
  /** Tells everybody that from now on we use this key. */
  tellMoved(key: string): Promise<void>;
  close(): void;
}

/** Between looks at what is due, at the least and at the most. */
const TICK_MILLISECONDS = 1000;
const LONGEST_TICK_MILLISECONDS = 600_000;
/** What was sent under the old key is through by then; what is sent meanwhile waits at the sender. */
const MOVE_AFTER_MILLISECONDS = 60;
const MOVED_TIMES = 3;
const MOVED_APART_MILLISECONDS = 2;

/**
 * @param clock monotonic milliseconds
 * @param onKeys keys are others now: set them on the devices
 */
export function newPairKeeper(options: {
  self: { networkId: string; peerId: string };
  shared: ReadonlyMap<string, SharedKey>;
  log: Log;
  clock: () => number;
  onKeys: () => Promise<void>;
}): PairKeeper {
  const { log, clock } = options;
  const seconds = () => clock() / 1000;
  const exchange = new Exchange(options.self, options.shared, { kem, random: randomBytes });
  const silence = newSilence();
  const byAddress = new Map<string, MapPeer>();
  const addresses = new Map<string, string>();
  /** Peers that use their announced key, and that key. */
  const moved = new Map<string, string>();
  const moving = new Set<string>();
  let up: ReadonlySet<string> = new Set();
  let announced: { key: string; known: Set<string> } | undefined;
  let socket: { address: string; socket: Socket } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let wakesAt = 0;
  let keeping: Promise<void> = Promise.resolve();

  const send = (to: string, message: PairMessage) => {
    const address = addresses.get(to);
    // Where there is no way the missing answer says so.
    if (address) socket?.socket.send(encode(message), PAIR_PORT, address, () => undefined);
  };
  /** On disk before anything else: a node that starts again must find its peers as it left them. */
  const keep = (): Promise<void> => {
    keeping = keeping
      .then(() => writeSharedKeys(exchange.remembered()))
      .then(() => options.onKeys())
      .catch((error) => log(`shared keys not kept: ${wordsOf(error)}`));
    return keeping;
  };
  /** Wakes when something is due. To be called whenever that may be sooner than it was. */
  const wake = () => {
    if (!socket) return;
    const pause = Math.max(TICK_MILLISECONDS, (exchange.dueAt(up) - seconds()) * 1000);
    const at = clock() + Math.min(LONGEST_TICK_MILLISECONDS, pause);
    if (timer && at >= wakesAt) return;
    clearTimeout(timer);
    wakesAt = at;
    timer = setTimeout(() => {
      timer = undefined;
      for (const { to, message } of exchange.due(seconds(), up)) send(to, message);
      wake();
    }, at - clock());
  };
  const hear = async (peer: MapPeer, message: PairMessage) => {
    if (message.type === 'announce') {
      const key = message.body.toString('base64');
      if (peer.nextWireguardKey === key || peer.wireguardKey === key)
        send(peer.id, { type: 'known', body: message.body });
    } else if (message.type === 'known') {
      if (announced?.key === message.body.toString('base64')) announced.known.add(peer.id);
    } else if (message.type === 'moved') await follow(peer, message.body);
    else {
      const step = exchange.heard(peer.id, message, seconds());
      if (step.agreed) await keep();
      for (const reply of step.say) send(peer.id, reply);
      wake();
    }
  };
  const follow = async (peer: MapPeer, body: Buffer) => {
    const key = body.toString('base64');
    if (peer.nextWireguardKey !== key || moved.get(peer.id) === key || moving.has(peer.id)) return;
    moving.add(peer.id);
    await wait(MOVE_AFTER_MILLISECONDS);
    moving.delete(peer.id);
    moved.set(peer.id, key);
    await options.onKeys();
    // The peer's own handshakes met nobody until now: a packet of ours begins one.
    send(peer.id, { type: 'known', body });
  };
  const open = async (address: string) => {
    const opened = createSocket('udp4');
    opened.on('message', (datagram, from) => {
      // Below the peer's root nobody can send from this port while its agent holds it.
      const peer = from.port === PAIR_PORT ? byAddress.get(from.address) : undefined;
      const message = peer && decode(datagram);
      if (peer && message)
        hear(peer, message).catch((error) => log(`pair with ${peer.name}: ${wordsOf(error)}`));
    });
    await new Promise<void>((done, failed) => {
      opened.once('error', (error) =>
        failed(
          new AgentFailure('address-taken', `cannot speak from ${address}:${PAIR_PORT}: ${wordsOf(error)}`),
        ),
      );
      opened.bind(PAIR_PORT, address, () => done());
    });
    opened.removeAllListeners('error').on('error', () => undefined);
    socket = { address, socket: opened };
  };
  const close = () => {
    socket?.socket.close();
    socket = undefined;
  };

  return {
    apply: async (map) => {
      byAddress.clear();
      addresses.clear();
      for (const peer of map.peers) {
        byAddress.set(peer.overlayAddress, peer);
        addresses.set(peer.id, peer.overlayAddress);
      }
      const next = new Map(map.peers.map((peer) => [peer.id, peer.nextWireguardKey]));
      for (const [id, key] of moved) if (next.get(id) !== key) moved.delete(id);
      if (exchange.setPeers(map.peers, seconds())) await keep();
      const { overlayAddress } = map.self;
      if (socket?.address !== overlayAddress) {
        close();
        await open(overlayAddress);
      }
      wake();
    },
    inUse: (map) => {
      if (moved.size === 0) return map;
      const peers = map.peers.map((peer) =>
        peer.nextWireguardKey !== null && moved.get(peer.id) === peer.nextWireguardKey
          ? { ...peer, wireguardKey: peer.nextWireguardKey }
          : peer,
      );
      return { ...map, peers };
    },
    keys: () => exchange.keys(seconds()),
    observe: (map, tunnels) => {
      const byKey = new Map(tunnels.map((tunnel) => [tunnel.key, tunnel]));
      const before = JSON.stringify([...exchange.keys(seconds())]);
      let changed = false;
      const alive = new Set<string>();
      for (const peer of map.peers) {
        const { nextWireguardKey } = peer;
        const old = byKey.get(peer.wireguardKey);
        const tunnel = (nextWireguardKey && byKey.get(nextWireguardKey)) || old;
        // Found on a device that outlived an earlier daemon.
        if (nextWireguardKey && tunnel?.key === nextWireguardKey && !old && !moved.has(peer.id)) {
          moved.set(peer.id, nextWireguardKey);
          changed = true;
        }
        if (!tunnel) continue;
        const silent = silence.look(peer.id, tunnel, seconds());
        if (silent.isUp) alive.add(peer.id);
        exchange.setSilent(peer.id, silent.isSilent, seconds());
        // Its last word may have been lost: it is under one of its two keys.
        if (nextWireguardKey && silent.tryOther) {
          if (moved.has(peer.id)) moved.delete(peer.id);
          else moved.set(peer.id, nextWireguardKey);
          changed = true;
        }
      }
      up = alive;
      wake();
      return changed || JSON.stringify([...exchange.keys(seconds())]) !== before;
    },
    announce: (key) => {
      if (announced?.key !== key) announced = { key, known: new Set() };
      const { known } = announced;
      const waiting = [...up].filter((id) => !known.has(id));
      for (const id of waiting) send(id, { type: 'announce', body: Buffer.from(key, 'base64') });
      return waiting.length;
    },
    tellMoved: async (key) => {
      for (let turn = 0; turn < MOVED_TIMES; turn += 1) {
        if (turn > 0) await wait(MOVED_APART_MILLISECONDS);
        for (const id of addresses.keys()) send(id, { type: 'moved', body: Buffer.from(key, 'base64') });
      }
      // Out of this process and into the tunnel, before the device changes its key.
      await new Promise((done) => setImmediate(done));
    },
    close: () => {
      clearTimeout(timer);
      close();
    },
  };
}
