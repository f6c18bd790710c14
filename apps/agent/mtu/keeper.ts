/** Keeps the MTU of every tunnel right while the daemon runs: probes, and says when routes must change. */
import type { MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import { parseCidr } from '@skein/mesh/ipam/cidr.ts';
import { INTERFACES, PATH_PORT } from '../config.ts';
import type { Run } from '../host/command.ts';
import { readCounters } from '../host/counters.ts';
import type { Log } from '../host/log.ts';
import { PrefixTable } from '../route/prefix-table.ts';
import type { Route } from '../route/table.ts';
import { endpointParts } from '../wireguard/endpoint.ts';
import type { TunnelPeer } from '../wireguard/state.ts';
import { ceilings } from './ceiling.ts';
import { type Echo, openEcho } from './echo.ts';
import { afterRound, newPath, onOtherWay, type Path, sizesOf, whenBusy, withCeiling } from './path.ts';
import { applyWay } from './way.ts';

/** How well a tunnel carries packets, by the keeper's own probes. */
export interface PathState {
  /** The largest packet in use towards the peer. */
  mtu: number;
  /** What this node's own side would allow. */
  ceiling: number;
}

export interface MtuKeeper {
  /** Goes on from the sizes of the routes that an earlier daemon left: to be called before the first `apply`. */
  begin(map: NetworkMap, left: readonly Route[]): void;
  /** The peers of this map from now on. Throws `address-taken`, `command-failed`. */
  apply(map: NetworkMap): Promise<void>;
  /** The MTU to use towards a peer: that of the map until a probe says better. */
  mtuOf(peerId: string): number;
  /** The MTU of the interfaces: no probe is larger, and so no packet. */
  interfaceMtu(): number;
  /** Looks at the paths to these peers within a second, though they may lie idle. */
  lookAgain(peerIds: readonly string[]): void;
  paths(): ReadonlyMap<string, PathState>;
  echo(): Echo | undefined;
  close(): void;
}

const TICK_MILLISECONDS = 1000;
/** While nothing goes by any tunnel. */
const IDLE_TICK_MILLISECONDS = 2000;
/** Longer than nearly every round trip; whoever is slower than this is as if silent. */
const ANSWER_MILLISECONDS = 800;
/** Each size is asked about twice, for one packet may always be lost. */
const COPIES = 2;
/** Bytes a second beyond which a tunnel carries more than probes. */
const BUSY_BYTES = 8 * 1024;
const BUSY_FOR_MILLISECONDS = 3000;
/** Paths asked at once: a node with a thousand peers takes minutes for all, and nobody notices. */
const IDLE_PATHS_AT_ONCE = 4;
const BUSY_PATHS_AT_ONCE = 16;
/** Between looks at a peer that has no endpoint. */
const UNKNOWN_MILLISECONDS = 10_000;
/** How old what the kernel knows of a way may be, for a path that carries traffic. */
const CEILING_MILLISECONDS = 5000;

interface Kept {
  peer: MapPeer;
  path: Path;
  endpoint: string | null;
  sentBytes: number;
  busyUntil: number;
  ceilingAt: number;
}

/**
 * @param observe every tunnel as its device has it now
 * @param onChange some path's MTU changed: apply the routes
 * @param clock monotonic milliseconds
 */
export function newMtuKeeper(options: {
  run: Run;
  log: Log;
  clock: () => number;
  observe: () => Promise<readonly TunnelPeer[]>;
  onChange: () => Promise<void>;
}): MtuKeeper {
  const { run, log, clock } = options;
  const kept = new Map<string, Kept>();
  let start = 1280;
  let echo: { address: string; echo: Echo } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let looksAt = 0;
  let looking = false;
  let closed = false;
  let lastSent = 0;
  let lookedAt = 0;

  const look = async (now: number) => {
    const sent = sentBytes();
    const grew = sent - lastSent > (BUSY_BYTES * (now - lookedAt)) / 1000;
    lastSent = sent;
    lookedAt = now;
    const due = () => [...kept.values()].filter((one) => one.path.dueAt <= now);
    if (!grew && due().length === 0) return;
    const tunnels = new Map((await options.observe()).map((tunnel) => [tunnel.key, tunnel]));
    for (const one of kept.values()) {
      const { wireguardKey, nextWireguardKey } = one.peer;
      const next = nextWireguardKey === null ? undefined : tunnels.get(nextWireguardKey);
      const seen = tunnels.get(wireguardKey) ?? next;
      if (!seen) continue;
      if (seen.endpoint !== one.endpoint) {
        if (one.endpoint !== null) one.path = onOtherWay(one.path, start, now);
        one.endpoint = seen.endpoint;
        one.ceilingAt = Number.NEGATIVE_INFINITY;
      }
      if (seen.sentBytes - one.sentBytes > BUSY_BYTES) {
        one.busyUntil = now + BUSY_FOR_MILLISECONDS;
        one.path = whenBusy(one.path, now);
      }
      one.sentBytes = seen.sentBytes;
    }
    // Nobody knows where those are: it will be seen when they call.
    for (const one of due())
      if (one.endpoint === null) one.path = { ...one.path, dueAt: now + UNKNOWN_MILLISECONDS };
    const ready = due();
    const busy = ready.filter((one) => one.busyUntil > now).slice(0, BUSY_PATHS_AT_ONCE);
    const idle = ready.filter((one) => one.busyUntil <= now).slice(0, IDLE_PATHS_AT_ONCE);
    await probe([...busy, ...idle], now);
  };

  const probe = async (paths: readonly Kept[], now: number) => {
    if (paths.length === 0 || !echo) return;
    const stale = paths.filter((one) => now - one.ceilingAt >= CEILING_MILLISECONDS);
    const found = await ceilings(run, stale.map(addressOf));
    const before = interfaceMtu();
    let changed = false;
    for (const one of stale) {
      one.ceilingAt = now;
      const ceiling = found.get(addressOf(one));
      if (ceiling === undefined) continue;
      const mtu = one.path.mtu;
      one.path = withCeiling(one.path, ceiling, now);
      changed ||= one.path.mtu !== mtu;
    }
    // The interface must let the largest probe out before it is sent.
    if (changed || interfaceMtu() !== before) await options.onChange();
    const asking = echo.echo;
    const outcomes = await Promise.all(
      paths.map(async (one) => {
        const sent = sizesOf(one.path);
        const answered = await asking.ask(one.peer.overlayAddress, sent, COPIES, ANSWER_MILLISECONDS);
        const path = afterRound(one.path, sent, new Set(answered.keys()), clock(), one.busyUntil > now);
        const lowered = path.mtu < one.path.mtu;
        if (lowered || path.mtu > one.path.mtu)
          log(`packets to ${one.peer.name}: up to ${path.mtu} bytes${lowered ? ', larger ones vanish' : ''}`);
        const differs = path.mtu !== one.path.mtu;
        one.path = path;
        return differs;
      }),
    );
    if (outcomes.includes(true)) await options.onChange();
  };

  const lookIn = (milliseconds: number) => {
    const at = clock() + milliseconds;
    if (closed || looking || (timer && looksAt <= at)) return;
    clearTimeout(timer);
    looksAt = at;
    timer = setTimeout(tick, milliseconds).unref();
  };
  const tick = () => {
    timer = undefined;
    looking = true;
    look(clock())
      .catch(() => undefined)
      .finally(() => {
        looking = false;
        const soon = clock() + TICK_MILLISECONDS;
        const awake = [...kept.values()].some((one) => one.busyUntil > soon || one.path.dueAt <= soon);
        lookIn(awake ? TICK_MILLISECONDS : IDLE_TICK_MILLISECONDS);
      });
  };

  const endpointOf = (address: string) =>
    [...kept.values()].find((one) => one.peer.overlayAddress === address)?.endpoint ?? null;

  const interfaceMtu = () => Math.max(start, ...[...kept.values()].map((one) => one.path.ceiling));

  /** @param sizeOf what is known of a peer that is new here */
  const know = (map: NetworkMap, sizeOf: (peer: MapPeer) => number) => {
    start = map.self.mtu;
    const now = clock();
    const ids = new Set(map.peers.map((peer) => peer.id));
    for (const id of kept.keys()) if (!ids.has(id)) kept.delete(id);
    for (const peer of map.peers) {
      const held = kept.get(peer.id);
      if (held) {
        held.peer = peer;
        continue;
      }
      const size = sizeOf(peer);
      kept.set(peer.id, {
        peer,
        path: newPath(size, size, now),
        endpoint: null,
        sentBytes: 0,
        busyUntil: 0,
        ceilingAt: Number.NEGATIVE_INFINITY,
      });
    }
  };

  return {
    begin: (map, left) => {
      const sizes = new PrefixTable<number>();
      for (const { destination, mtu } of left) if (mtu !== null) sizes.set(destination, mtu);
      know(map, (peer) => sizes.around(parseCidr(`${peer.overlayAddress}/32`)) ?? map.self.mtu);
    },
    apply: async (map) => {
      know(map, () => map.self.mtu);
      await applyWay(run, map);
      const address = map.self.overlayAddress;
      if (echo?.address !== address) {
        echo?.echo.close();
        echo = undefined;
        echo = { address, echo: await openEcho(address, PATH_PORT, clock, endpointOf) };
      }
      lookIn(TICK_MILLISECONDS);
    },
    mtuOf: (peerId) => kept.get(peerId)?.path.mtu ?? start,
    interfaceMtu,
    lookAgain: (peerIds) => {
      const now = clock();
      for (const id of peerIds) {
        const one = kept.get(id);
        if (!one) continue;
        one.path = { ...one.path, dueAt: Math.min(one.path.dueAt, now) };
        one.ceilingAt = Number.NEGATIVE_INFINITY;
      }
      lookIn(TICK_MILLISECONDS);
    },
    paths: () => new Map([...kept].map(([id, { path }]) => [id, { mtu: path.mtu, ceiling: path.ceiling }])),
    echo: () => echo?.echo,
    close: () => {
      closed = true;
      clearTimeout(timer);
      echo?.echo.close();
      echo = undefined;
    },
  };
}

function addressOf(one: Kept): string {
  return one.endpoint === null ? '' : endpointParts(one.endpoint).address;
}

/** Bytes that all our interfaces sent, by the kernel's own count. */
function sentBytes(): number {
  const all = readCounters();
  return INTERFACES.reduce((sum, name) => sum + (all.get(name)?.sentBytes ?? 0), 0);
}
