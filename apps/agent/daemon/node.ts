/**
 * The node as the map wants it: filter, tunnels, addresses and routes, probes, names, in this order. Applying looks
 * at what is there and changes only what differs, so that it may be done again at any time.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Container, LinkReport } from '@skein/contract/agent/channel.ts';
import type { MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import { type Twins, twinsOf } from '@skein/mesh/ipam/twin.ts';
import { interfaceOf } from '../config.ts';
import type { Clusterset } from '../dns/clusterset.ts';
import { engine } from '../docker/engine.ts';
import { newDockerKeeper } from '../docker/keeper.ts';
import { wordsOf } from '../failure.ts';
import { newFilter } from '../filter/apply.ts';
import type { Run } from '../host/command.ts';
import { globalAddresses } from '../host/facts.ts';
import { hasIpv6 } from '../host/ipv6.ts';
import type { Log } from '../host/log.ts';
import { reportLinks } from '../link/report.ts';
import { newWatch, type Watch } from '../link/watch.ts';
import { type MtuKeeper, newMtuKeeper } from '../mtu/keeper.ts';
import { withSizes } from '../mtu/sized.ts';
import type { SharedKey } from '../pair/exchange.ts';
import { newPairKeeper } from '../pair/keeper.ts';
import { type Finder, newFinder } from '../path/finder.ts';
import { newRelay } from '../relay/apply.ts';
import { ensureRelayKey } from '../relay/tls/certificate.ts';
import { newRelayClient, type WayName, wayName } from '../relay/tls/client.ts';
import { localized, named } from '../relay/tls/localized.ts';
import { newRelayServer } from '../relay/tls/server.ts';
import { applyInterfaces, applyWays, changeWays, readTable } from '../route/apply.ts';
import { noteForwarding } from '../route/forwarding.ts';
import { applyPodWays } from '../route/pods.ts';
import { carriesOthers, planPodWays, planWays, type SizedWay } from '../route/ways.ts';
import { type Keys, keepNextKey, takeNextKey, wireguardPublicKey } from '../state/keys.ts';
import { changesNothing, planTunnel, type TunnelChange } from '../wireguard/change.ts';
import { type Device, openDevice, removeDevices } from '../wireguard/device.ts';
import type { Choice } from '../wireguard/endpoint.ts';
import { isFresh, newHandshakes } from '../wireguard/handshakes.ts';
import { NO_KEY, type TunnelPeer, type TunnelState } from '../wireguard/state.ts';
import { withTwins } from '../wireguard/twins.ts';
import { CHANGEOVER_MILLISECONDS, changeover } from './changeover.ts';
import { type Difference, differenceOf } from './difference.ts';
import { newResolver } from './resolver.ts';

export interface Node {
  /**
   * Makes the node what the map says. Never throws. `applied`: packets flow by this map; `problem`: what could not be
   * done, in words.
   * @param toldAt when the map came, in monotonic milliseconds
   */
  apply(map: NetworkMap, toldAt: number): Promise<{ applied: boolean; problem: string | null }>;
  /**
   * The same without looking at what is there, where the map differs from the one applied last in peers and names
   * alone. Answers false where it does not, or where something went wrong: then apply.
   */
  applyDifference(map: NetworkMap, toldAt: number): Promise<boolean>;
  /** Looks at the tunnels, tries other endpoints of silent peers, sends the next probes. */
  measure(map: NetworkMap): Promise<LinkReport[]>;
  /** Routes and interfaces once more, since paths carry other sizes now. Never throws; applying mends what fails. */
  resize(map: NetworkMap): Promise<void>;
  mtu: MtuKeeper;
  /** Every tunnel as its device has it now; those of a device that does not answer are left out. */
  observe(): Promise<readonly TunnelPeer[]>;
  seen: Finder['seen'];
  /** Whether UDP gets out of where this node is. */
  udp: Finder['udp'];
  /** Tells everybody who goes by this node to take another way, or that it is a way again. */
  drain(on: boolean): void;
  /** Tells the peers that are up of the public key we will use; answers how many have not said that they know it. */
  announceKey(key: string): number;
  /** Changes over to this private WireGuard key, which the peers know by now, without losing a packet. */
  changeKey(next: string): Promise<void>;
  isDraining(): boolean;
  quietMilliseconds(): number;
  wireguard(): 'kernel' | 'userspace' | null;
  /** Null where IPv6 is switched off on the node, or could not be set up; the problem then says why. */
  overlayAddress6(): string | null;
  /** Those that run in Docker networks that are ranges; undefined where there are none of these. */
  containers(): readonly Container[] | undefined;
  /** IPv6 addresses beneath the overlay at which others may call the node. */
  globalAddresses(): readonly string[];
  /** Ends what lives in this process and gives names back. Tunnels, routes and filter stay. */
  release(): Promise<void>;
}

const FOLLOW_MILLISECONDS = 100;
/** As maps say it of a way that ends at this node. */
const OWN_ADDRESS = '127.0.0.1';

export function newNode(options: {
  run: Run;
  log: Log;
  keys: Keys;
  self: { networkId: string; peerId: string };
  /** What is shared with peers since before. */
  shared: ReadonlyMap<string, SharedKey>;
  /** Answers names of services. */
  clusterset: Clusterset;
  /** wireguard-go ended by itself: apply again. */
  onDeviceGone: () => void;
  /** A carrier died or came back: the links are worth reporting. */
  onVerdicts: () => void;
  /** Routes could not be changed: apply again. */
  onUnrouted: () => void;
  /** Since when the coordinator has been reached, by `performance.now()`; null while it is not. */
  onlineSince: () => number | null;
  /** UDP gets out of here no more, or again: worth reporting. */
  onUdp: () => void;
  /** A container came or went: worth reporting. */
  onContainers: () => void;
  /** Some path carries other sizes than before: resize. */
  onSizes: () => Promise<void>;
}): Node {
  const { run, log, keys } = options;
  const resolver = newResolver(run, options.clusterset);
  const filter = newFilter(run);
  const relay = newRelay(run, Date.now);
  const clock = () => performance.now();
  const tlsServer = newRelayServer(ensureRelayKey, clock, Date.now);
  const tlsClient = newRelayClient(options.self.peerId, log, Math.random);
  /** Where ways over TLS begin on this node; those of pairs that it is one of itself are named by its own address. */
  const localPorts = (): ReadonlyMap<WayName, number> => {
    const own = [...tlsServer.ports()].map(
      ([port, local]) => [wayName({ address: OWN_ADDRESS, port }), local] as const,
    );
    return new Map([...tlsClient.ports(), ...own]);
  };
  const docker = newDockerKeeper({ run, log, engine, onContainers: options.onContainers });
  const devices = new Map<number, Device>();
  let choices: ReadonlyMap<string, Choice> = new Map();
  /** The map applied last, as it came, and with every peer under the key that it uses. */
  let wanted: NetworkMap | undefined;
  let current: NetworkMap | undefined;
  /** The map after which everything was in place, until something says otherwise. */
  let settled: NetworkMap | undefined;
  /** What the devices held when they were last asked, and what was changed since. */
  const lastSeen = new Map<number, Map<string, TunnelPeer>>();
  /** Under which key the devices know each peer. */
  let formerKeys: ReadonlyMap<string, string> = new Map();
  let following: NodeJS.Timeout | undefined;
  let tunnelling: Promise<unknown> = Promise.resolve();
  /** The routes that were last put in place; undefined where that is not known. */
  let placed: readonly SizedWay[] | undefined;
  /** The same of those to pods of the own cluster, as text. */
  let placedPods: string | undefined;
  let routing: Promise<void> = Promise.resolve();
  /** Null where the node speaks no IPv6. */
  let twins: Twins | null = null;
  let sixProblem: string | null = null;
  let globals: readonly string[] = [];
  /** Whether it was looked what an earlier daemon left. */
  let begun = false;

  const observeAll = async () => {
    const each = await Promise.all([...devices.values()].map((one) => one.observe().catch(() => undefined)));
    return each.flatMap((state) => state?.peers ?? []);
  };
  /** Devices are changed by one at a time. */
  const inTunnels = <T>(work: () => Promise<T>): Promise<T> => {
    const done = tunnelling.then(work);
    tunnelling = done.catch(() => undefined);
    return done;
  };
  const pairs = newPairKeeper({
    self: options.self,
    shared: options.shared,
    log,
    clock: () => performance.now(),
    onKeys: async () => {
      await inTunnels(async () => wanted && planAll(wanted, await observed()));
    },
  });
  const finder: Finder = newFinder({
    run,
    clock,
    onlineSince: options.onlineSince,
    onFound: (id) => {
      inTunnels(() => changeWay(id)).catch((error) => {
        log(`way not changed: ${wordsOf(error)}`);
        options.onUnrouted();
      });
    },
    onUdp: () => {
      if (finder.udp() === 'blocked') log('no UDP gets out of here; relays are asked for that let in TLS');
      options.onUdp();
    },
  });
  const mtu = newMtuKeeper({
    run,
    log,
    clock,
    // By the relays' addresses: this node's own sockets would carry anything.
    observe: async () => named(await observeAll(), localPorts()),
    onChange: options.onSizes,
  });
  /** Routes are changed by one at a time, and never wait for anything else that is being applied. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = routing.then(work);
    routing = done.catch(() => undefined);
    return done;
  };
  const waysNow = (map: NetworkMap, verdicts = watch.verdicts()) =>
    withSizes(planWays(map.self, map.peers, verdicts), map.peers, mtu.mtuOf, map.self.mtu);
  /** Ways to pods of the own cluster do not depend on who lives: each node has its own. */
  const placePods = async (map: NetworkMap) => {
    const { self, peers } = map;
    const ways = withSizes(planPodWays(self, peers), peers, mtu.mtuOf, self.mtu);
    const text = JSON.stringify([self.pods.cluster, self.planes, ways]);
    if (text === placedPods) return;
    placedPods = undefined;
    await applyPodWays(run, self, ways);
    placedPods = text;
  };
  const sourceOf = (map: NetworkMap) => ({
    address: map.self.overlayAddress,
    twins: sixProblem === null ? twins : null,
  });
  const applyRoutes = async (map: NetworkMap) => {
    if (!begun) mtu.begin(map, await readTable(run));
    begun = true;
    sixProblem = await applyInterfaces(run, map.self, mtu.interfaceMtu(), twins);
    await inTurn(async () => {
      const ways = waysNow(map);
      placed = undefined;
      sixProblem ??= await applyWays(run, sourceOf(map), ways);
      placed = ways;
      placedPods = undefined;
      await placePods(map);
    });
  };
  /** Where packets are being lost nothing is looked at that is known. */
  const reroute = (going: readonly MapPeer[] = []) =>
    inTurn(async () => {
      if (!current || !placed) return;
      const verdicts = new Map(watch.verdicts());
      for (const { id } of going) verdicts.set(id, { live: true, unreachable: [], draining: true });
      const ways = waysNow(current, verdicts);
      const before = placed;
      placed = undefined;
      await changeWays(run, sourceOf(current), before, ways);
      placed = ways;
      await placePods(current);
    });
  /** Whoever is in the map no more is left before its tunnel goes: what is sent to no tunnel is lost. */
  const leaveGone = async (next: NetworkMap) => {
    const staying = new Set(next.peers.map((peer) => peer.id));
    const going = (current?.peers ?? []).filter((peer) => !staying.has(peer.id) && carriesOthers(peer));
    if (going.length > 0) await reroute(going).catch((error) => log(`routes not changed: ${wordsOf(error)}`));
  };
  const watch: Watch = newWatch({
    clock: () => performance.now(),
    observe: async () => {
      const sent = new Map((await observeAll()).map((peer) => [peer.key, peer.sentBytes]));
      return new Map((current?.peers ?? []).map((peer) => [peer.id, sent.get(peer.wireguardKey) ?? 0]));
    },
    onChange: () => {
      reroute().catch((error) => {
        log(`routes not changed: ${wordsOf(error)}`);
        options.onUnrouted();
      });
      options.onVerdicts();
    },
  });

  const openedDevice = async (plane: number): Promise<Device> => {
    const open = devices.get(plane);
    if (open) return open;
    const name = interfaceOf(plane);
    const opened = await openDevice(run, log, name, () => {
      devices.delete(plane);
      settled = undefined;
      log(`wireguard-go of ${name} ended; starting it again`);
      options.onDeviceGone();
    });
    const dated = newHandshakes();
    const device: Device = {
      ...opened,
      observe: async () => dated(await opened.observe(), performance.now(), Date.now()),
    };
    devices.set(plane, device);
    return device;
  };
  const forgetDevice = (plane: number) => {
    devices.get(plane)?.release();
    devices.delete(plane);
  };
  /** Devices with what they hold; those that do not answer are left out. */
  const observed = async (): Promise<Map<number, { device: Device; state: TunnelState }>> => {
    const found = new Map<number, { device: Device; state: TunnelState }>();
    for (const [plane, device] of devices) {
      const state = await device.observe().catch(() => undefined);
      if (state) found.set(plane, { device, state });
    }
    return found;
  };
  const carried = (map: NetworkMap) => (twins ? withTwins(map, twins) : map);
  /** Peers under their keys of this moment; where we have no way out by IPv6, it is no way to them. */
  const inUseOf = (map: NetworkMap): NetworkMap => {
    const inUse = pairs.inUse(map);
    if (globals.length > 0) return inUse;
    const without = (peer: MapPeer): MapPeer =>
      peer.endpoints.some(({ kind }) => kind === 'global')
        ? { ...peer, endpoints: peer.endpoints.filter(({ kind }) => kind !== 'global') }
        : peer;
    return { ...inUse, peers: inUse.peers.map(without) };
  };
  /** Brings the devices to the map and to the keys of this moment. Answers the map with those keys. */
  const planAll = async (
    map: NetworkMap,
    found: ReadonlyMap<number, { device: Device; state: TunnelState }>,
  ): Promise<NetworkMap> => {
    const tunnels = [...found.values()].flatMap(({ state }) => state.peers);
    pairs.observe(map, tunnels);
    await tlsClient.apply(map, keys.wireguardPrivateKey);
    const inUse = localized(inUseOf(map), localPorts());
    finder.know(inUse, keys.wireguardPrivateKey);
    const silent = [...watch.verdicts()].filter(([, verdict]) => !verdict.live).map(([id]) => id);
    finder.observed(tunnels, new Set(silent));
    const narrowed = carried(finder.narrowed(inUse));
    const chosen = new Map<string, Choice>();
    // As if chosen out of nothing: what is found now is set once more.
    const before = new Map(choices);
    for (const key of finder.strayed(tunnels)) before.set(key, { offered: [], index: 0, chosenAt: 0 });
    const secrets = { privateKey: keys.wireguardPrivateKey, shared: pairs.keys(), former: formerKeys };
    for (const [plane, { device, state }] of found) {
      if (plane >= map.self.planes) continue;
      const plan = planTunnel(narrowed, plane, secrets, state, before, performance.now());
      await device.apply(plan.change);
      const peers = new Map(state.peers.map((peer) => [peer.key, peer]));
      noteChange(peers, plan.change);
      lastSeen.set(plane, peers);
      for (const [key, choice] of plan.choices) chosen.set(key, choice);
    }
    choices = chosen;
    formerKeys = new Map(inUse.peers.map((peer) => [peer.id, peer.wireguardKey]));
    current = inUse;
    return inUse;
  };
  /** Takes the way that was found for a peer. */
  const changeWay = async (id: string): Promise<void> => {
    if (!wanted) return;
    const found = await observed();
    const key = formerKeys.get(id);
    for (const { device, state } of found.values()) {
      const tunnel = state.peers.find((peer) => peer.key === key);
      if (!tunnel || isFresh(tunnel, performance.now())) continue;
      // No session to lose. Made anew it calls at once; as it is it would wait for the call before to be answered.
      await device.apply({ privateKey: null, listenPort: null, removed: [tunnel.key], set: [] });
      state.peers = state.peers.filter((peer) => peer !== tunnel);
    }
    await planAll(wanted, found);
  };
  /** Changes the devices by what differs, from what they are known to hold. */
  const planDifference = async (map: NetworkMap, { changed, gone }: Difference): Promise<NetworkMap> => {
    await tlsClient.apply(map, keys.wireguardPrivateKey);
    const inUse = localized(inUseOf(map), localPorts());
    const concerned = new Set([...changed, ...gone].map((peer) => peer.id));
    finder.know(inUse, keys.wireguardPrivateKey);
    const some = carried(
      finder.narrowed({ ...inUse, peers: inUse.peers.filter((peer) => concerned.has(peer.id)) }),
    );
    const keysConcerned = new Set(some.peers.map((peer) => peer.wireguardKey));
    for (const id of concerned) keysConcerned.add(formerKeys.get(id) ?? '');
    const secrets = { privateKey: keys.wireguardPrivateKey, shared: pairs.keys(), former: formerKeys };
    const chosen = new Map(choices);
    for (const [plane, device] of devices) {
      const held = lastSeen.get(plane) ?? new Map<string, TunnelPeer>();
      const state = {
        privateKey: keys.wireguardPrivateKey,
        listenPort: map.self.wireguardPort + plane,
        peers: [...keysConcerned].flatMap((key) => held.get(key) ?? []),
      };
      const plan = planTunnel(some, plane, secrets, state, choices, performance.now());
      if (!changesNothing(plan.change)) await device.apply(plan.change);
      noteChange(held, plan.change);
      for (const [key, choice] of plan.choices) chosen.set(key, choice);
    }
    choices = chosen;
    formerKeys = new Map(inUse.peers.map((peer) => [peer.id, peer.wireguardKey]));
    wanted = map;
    current = inUse;
    return inUse;
  };
  /** Packets flow by the map; who is measured and spoken with follows, once for many maps in a row. */
  const followSoon = () => {
    following ??= setTimeout(() => {
      following = undefined;
      if (!wanted || !current) return;
      Promise.all([
        finder.listen(current, twins !== null),
        watch.apply(current),
        mtu.apply(current),
        pairs.apply(wanted),
      ]).catch((error) => {
        settled = undefined;
        log(`not all is measured: ${wordsOf(error)}`);
      });
    }, FOLLOW_MILLISECONDS);
  };
  const applyTunnels = async (map: NetworkMap): Promise<NetworkMap> => {
    for (const plane of [...devices.keys()]) if (plane >= map.self.planes) forgetDevice(plane);
    await removeDevices(run, map.self.planes);
    const found = new Map<number, { device: Device; state: TunnelState }>();
    for (let plane = 0; plane < map.self.planes; plane += 1) {
      let device = await openedDevice(plane);
      // A kernel device that somebody deleted says so only when asked.
      const state = await device.observe().catch(async () => {
        forgetDevice(plane);
        device = await openedDevice(plane);
        return device.observe();
      });
      found.set(plane, { device, state });
    }
    wanted = map;
    return planAll(map, found);
  };
  /** Where prefixes move: stands between the maps until it is time to change over. */
  const standBetween = async (asked: NetworkMap, toldAt: number): Promise<boolean> => {
    const pause = () => toldAt + CHANGEOVER_MILLISECONDS - performance.now();
    const between = wanted && pause() > 0 && changeover(pairs.inUse(wanted), pairs.inUse(asked));
    if (!between) return false;
    await filter.apply(between);
    await inTunnels(() => applyTunnels(between));
    sixProblem = await applyInterfaces(run, between.self, mtu.interfaceMtu(), twins);
    await wait(Math.max(0, pause()));
    return true;
  };

  return {
    applyDifference: async (asked, toldAt) => {
      const difference = settled && differenceOf(settled, asked);
      // Routes are changed from what is known to be there.
      if (!difference || (difference.ways && !placed)) return false;
      settled = undefined;
      try {
        if (difference.ways) {
          await standBetween(asked, toldAt);
          await leaveGone(asked);
        }
        const map = await inTunnels(() => planDifference(asked, difference));
        if (difference.ways) {
          await watch.apply(map);
          await reroute();
        }
        resolver.know(map, sourceOf(map).twins);
        settled = asked;
        followSoon();
        return true;
      } catch (error) {
        log(`applying the whole map: ${wordsOf(error)}`);
        return false;
      }
    },
    apply: async (asked, toldAt) => {
      let map = asked;
      settled = undefined;
      const problems: string[] = [];
      const attempt = (done: Promise<void>) =>
        done.catch((error) => {
          problems.push(wordsOf(error));
        });
      try {
        twins = (await hasIpv6()) ? twinsOf(asked.networkId) : null;
        globals = twins ? await globalAddresses(run) : [];
        if (twins && asked.self.forwards) await noteForwarding();
        const moved = await standBetween(asked, toldAt);
        const guard = async () => {
          if (await filter.apply(asked)) log('packet filter in place');
        };
        // The filter first: a tunnel must never be up without it. The one that stood between is for both maps.
        if (!moved) await guard();
        await leaveGone(asked);
        // Before the routes, by which it is known where ranges are.
        await attempt(docker.apply(asked.self.ranges));
        // Before the tunnels, which may have ends at its sockets.
        await attempt(tlsServer.apply(asked, keys.wireguardPrivateKey));
        map = await inTunnels(() => applyTunnels(asked));
        if (moved) {
          await reroute();
          await guard();
        }
        await applyRoutes(map);
      } catch (error) {
        return { applied: false, problem: wordsOf(error) };
      }
      if (sixProblem !== null) problems.push(sixProblem);
      await attempt(relay.apply(map.allocations.filter(({ tls }) => tls === undefined)));
      await attempt(finder.listen(map, twins !== null));
      await attempt(watch.apply(map));
      await attempt(mtu.apply(map));
      await attempt(pairs.apply(asked));
      await attempt(resolver.apply(map, sourceOf(map).twins));
      if (problems.length === 0) settled = asked;
      return { applied: true, problem: problems.length > 0 ? problems.join('; ') : null };
    },
    measure: async (asked) => {
      const { map, seen } = await inTunnels(async () => {
        // One that does not answer is opened anew when the node is next applied.
        const found = await observed();
        return {
          map: await planAll(asked, found),
          seen: [...found.values()].flatMap(({ state }): TunnelPeer[] => state.peers),
        };
      });
      if (devices.size === 0) return [];
      const tunnels = named(seen, localPorts());
      const links = reportLinks(map.peers, tunnels, watch.results(), watch.verdicts(), performance.now());
      watch.probeOthers();
      return links;
    },
    resize: (map) =>
      applyRoutes(pairs.inUse(map)).catch((error) => log(`routes not resized: ${wordsOf(error)}`)),
    mtu,
    observe: async () => named(await observeAll(), localPorts()),
    seen: finder.seen,
    udp: finder.udp,
    drain: watch.drain,
    isDraining: watch.isDraining,
    quietMilliseconds: watch.quietMilliseconds,
    announceKey: (key) => pairs.announce(key),
    changeKey: (next) =>
      inTunnels(async () => {
        await keepNextKey(next);
        await pairs.tellMoved(wireguardPublicKey(next));
        takeNextKey(keys, next);
        if (!wanted) return;
        await planAll(wanted, await observed());
        await tlsServer.apply(wanted, next);
      }),
    wireguard: () => devices.get(0)?.kind ?? null,
    containers: docker.containers,
    globalAddresses: () => globals,
    overlayAddress6: () =>
      (twins && sixProblem === null && current && twins.of(current.self.overlayAddress)) || null,
    release: async () => {
      await resolver.close();
      docker.close();
      watch.close();
      mtu.close();
      finder.close();
      tlsClient.close();
      await tlsServer.close();
      pairs.close();
      clearTimeout(following);
      await tunnelling;
      await routing;
      for (const plane of [...devices.keys()]) forgetDevice(plane);
    },
  };
}

/** What a device holds after a change that it took. */
function noteChange(held: Map<string, TunnelPeer>, change: TunnelChange): void {
  for (const key of change.removed) held.delete(key);
  for (const set of change.set) {
    const was = held.get(set.key);
    held.set(set.key, {
      key: set.key,
      endpoint: set.endpoint ?? was?.endpoint ?? null,
      allowedIps: [...(set.allowedIps ?? was?.allowedIps ?? [])],
      keepaliveSeconds: set.keepaliveSeconds ?? was?.keepaliveSeconds ?? 0,
      lastHandshakeAt: was?.lastHandshakeAt ?? null,
      shookAt: was?.shookAt ?? null,
      receivedBytes: was?.receivedBytes ?? 0,
      sentBytes: was?.sentBytes ?? 0,
      presharedKey: set.presharedKey === NO_KEY ? null : (set.presharedKey ?? was?.presharedKey ?? null),
    });
  }
}
