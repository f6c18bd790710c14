/**
 * The node as the map wants it: filter, tunnels, addresses and routes, probes, names, in this order. Applying looks
 * at what is there and changes only what differs, so that it may be done again at any time.
 */
import type { LinkReport } from '@skein/contract/agent/channel.ts';
import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { interfaceOf } from '../config.ts';
import { wordsOf } from '../failure.ts';
import { applyFilter } from '../filter/apply.ts';
import type { Run } from '../host/command.ts';
import type { Log } from '../host/log.ts';
import { reportLinks } from '../link/report.ts';
import { newWatch, type Watch } from '../link/watch.ts';
import { type MtuKeeper, newMtuKeeper } from '../mtu/keeper.ts';
import { withSizes } from '../mtu/sized.ts';
import { newRelay } from '../relay/apply.ts';
import { applyInterfaces, applyWays, changeWays } from '../route/apply.ts';
import { planWays, type SizedWay } from '../route/ways.ts';
import type { Keys } from '../state/keys.ts';
import { planTunnel } from '../wireguard/change.ts';
import { type Device, openDevice, removeDevices } from '../wireguard/device.ts';
import type { Choice } from '../wireguard/endpoint.ts';
import type { TunnelPeer } from '../wireguard/state.ts';
import { newResolver } from './resolver.ts';

export interface Node {
  /**
   * Makes the node what the map says. Never throws. `applied`: packets flow by this map; `problem`: what could not be
   * done, in words.
   */
  apply(map: NetworkMap): Promise<{ applied: boolean; problem: string | null }>;
  /** Looks at the tunnels, tries other endpoints of silent peers, sends the next probes. */
  measure(map: NetworkMap): Promise<LinkReport[]>;
  /** Routes and interfaces once more, since paths carry other sizes now. Never throws; applying mends what fails. */
  resize(map: NetworkMap): Promise<void>;
  mtu: MtuKeeper;
  /** Every tunnel as its device has it now; those of a device that does not answer are left out. */
  observe(): Promise<readonly TunnelPeer[]>;
  /** Tells everybody who goes by this node to take another way, or that it is a way again. */
  drain(on: boolean): void;
  isDraining(): boolean;
  wireguard(): 'kernel' | 'userspace' | null;
  /** Ends what lives in this process and gives names back. Tunnels, routes and filter stay. */
  release(): Promise<void>;
}

export function newNode(options: {
  run: Run;
  log: Log;
  keys: Keys;
  /** wireguard-go ended by itself: apply again. */
  onDeviceGone: () => void;
  /** A carrier died or came back: the links are worth reporting. */
  onVerdicts: () => void;
  /** Routes could not be changed: apply again. */
  onUnrouted: () => void;
  /** Some path carries other sizes than before: resize. */
  onSizes: () => Promise<void>;
}): Node {
  const { run, log, keys } = options;
  const resolver = newResolver(run);
  const relay = newRelay(run, Date.now);
  const devices = new Map<number, Device>();
  let choices: ReadonlyMap<string, Choice> = new Map();
  let current: NetworkMap | undefined;
  /** The routes that were last put in place; undefined where that is not known. */
  let placed: readonly SizedWay[] | undefined;
  let routing: Promise<void> = Promise.resolve();

  const observeAll = async () => {
    const each = await Promise.all([...devices.values()].map((one) => one.observe().catch(() => undefined)));
    return each.flatMap((state) => state?.peers ?? []);
  };
  const mtu = newMtuKeeper({
    run,
    log,
    clock: () => performance.now(),
    observe: observeAll,
    onChange: options.onSizes,
  });
  /** Routes are changed by one at a time, and never wait for anything else that is being applied. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = routing.then(work);
    routing = done.catch(() => undefined);
    return done;
  };
  const waysNow = (map: NetworkMap) =>
    withSizes(planWays(map.self, map.peers, watch.verdicts()), map.peers, mtu.mtuOf, map.self.mtu);
  const applyRoutes = async (map: NetworkMap) => {
    await applyInterfaces(run, map.self, mtu.interfaceMtu());
    await inTurn(async () => {
      const ways = waysNow(map);
      placed = undefined;
      await applyWays(run, map.self.overlayAddress, ways);
      placed = ways;
    });
  };
  /** Where packets are being lost nothing is looked at that is known. */
  const reroute = () =>
    inTurn(async () => {
      if (!current || !placed) return;
      const ways = waysNow(current);
      const before = placed;
      placed = undefined;
      await changeWays(run, current.self.overlayAddress, before, ways);
      placed = ways;
    });
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
    const device = await openDevice(run, log, name, () => {
      devices.delete(plane);
      log(`wireguard-go of ${name} ended; starting it again`);
      options.onDeviceGone();
    });
    devices.set(plane, device);
    return device;
  };
  const forgetDevice = (plane: number) => {
    devices.get(plane)?.release();
    devices.delete(plane);
  };
  const applyTunnels = async (map: NetworkMap) => {
    for (const plane of [...devices.keys()]) if (plane >= map.self.planes) forgetDevice(plane);
    await removeDevices(run, map.self.planes);
    const chosen = new Map<string, Choice>();
    for (let plane = 0; plane < map.self.planes; plane += 1) {
      let tunnels = await openedDevice(plane);
      // A kernel device that somebody deleted says so only when asked.
      const current = await tunnels.observe().catch(async () => {
        forgetDevice(plane);
        tunnels = await openedDevice(plane);
        return tunnels.observe();
      });
      const plan = planTunnel(map, plane, keys.wireguardPrivateKey, current, choices, Date.now());
      await tunnels.apply(plan.change);
      for (const [key, choice] of plan.choices) chosen.set(key, choice);
    }
    choices = chosen;
  };

  return {
    apply: async (map) => {
      try {
        // The filter first: a tunnel must never be up without it.
        if (await applyFilter(run, map)) log('packet filter in place');
        await applyTunnels(map);
        current = map;
        await applyRoutes(map);
      } catch (error) {
        return { applied: false, problem: wordsOf(error) };
      }
      const problems: string[] = [];
      const attempt = (done: Promise<void>) =>
        done.catch((error) => {
          problems.push(wordsOf(error));
        });
      await attempt(relay.apply(map.allocations));
      await attempt(watch.apply(map));
      await attempt(mtu.apply(map));
      await attempt(resolver.apply(map));
      return { applied: true, problem: problems.length > 0 ? problems.join('; ') : null };
    },
    measure: async (map) => {
      const seen: TunnelPeer[] = [];
      const chosen = new Map<string, Choice>();
      for (const [plane, tunnels] of devices) {
        // One that does not answer is opened anew when the node is next applied.
        const current = await tunnels.observe().catch(() => undefined);
        if (!current || plane >= map.self.planes) continue;
        seen.push(...current.peers);
        const plan = planTunnel(map, plane, keys.wireguardPrivateKey, current, choices, Date.now());
        await tunnels.apply(plan.change);
        for (const [key, choice] of plan.choices) chosen.set(key, choice);
      }
      if (devices.size === 0) return [];
      choices = chosen;
      const links = reportLinks(map.peers, seen, watch.results(), watch.verdicts(), Date.now());
      watch.probeOthers();
      return links;
    },
    resize: (map) => applyRoutes(map).catch((error) => log(`routes not resized: ${wordsOf(error)}`)),
    mtu,
    observe: observeAll,
    drain: watch.drain,
    isDraining: watch.isDraining,
    wireguard: () => devices.get(0)?.kind ?? null,
    release: async () => {
      await resolver.close();
      watch.close();
      mtu.close();
      await routing;
      for (const plane of [...devices.keys()]) forgetDevice(plane);
    },
  };
}
