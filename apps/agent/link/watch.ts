/**
 * Watches the carriers of a map: asks them as often as it matters, judges, and says when routes must change. Agents
 * decide this alone; nobody holds a lease.
 */
import type { MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import { interfaceOf, PROBE_PORT } from '../config.ts';
import { readCounters } from '../host/counters.ts';
import { carriesOthers, unreachableBy, type Verdict } from '../route/ways.ts';
import { FAST_MILLISECONDS, newLiveness } from './liveness.ts';
import type { Saying } from './message.ts';
import { openProber, type Prober } from './probe.ts';
import { type Counters, newTraffic } from './traffic.ts';

export interface Watch {
  /** The carriers of this map from now on. Throws `address-taken`. */
  apply(map: NetworkMap): Promise<void>;
  verdicts(): ReadonlyMap<string, Verdict>;
  /**
   * Asks peers that are no carriers, who are asked as often as it matters anyway: of many, some at a time, those first who
   * have not been asked for longest.
   */
  probeOthers(): void;
  results(): ReturnType<Prober['results']>;
  /** Tells everybody who uses this agent as a way whether it is about to go. */
  drain(on: boolean): void;
  isDraining(): boolean;
  /** For how long no packet of others has gone by this node, as far as counters were read. */
  quietMilliseconds(): number;
  close(): void;
}

/** How often counters are read and verdicts made while nothing is in doubt. */
const CALM_MILLISECONDS = 250;
/** Where nothing could be changed whatever is found: for as long as answers are waited for. */
const NO_CHOICE_MILLISECONDS = 500;
const LONGEST_REST_MILLISECONDS = 10_000;
/** Carriers of one plane that are all asked fast when it is busy; of more, those that bytes go to. */
const MOST_FAST = 32;
const OBSERVE_MILLISECONDS = 1000;
/** Peers that are no carriers, asked at a time: more would cost more than is learnt. */
const MOST_OTHERS = 64;
/** More than the probes of both ends at the fastest pace. */
const GROWING_BYTES = 4000;
/** A change is told so often, for any packet may be lost. */
const TELL_AGAIN_MILLISECONDS = [100, 300];

/**
 * @param clock monotonic milliseconds
 * @param observe bytes sent so far to each peer by id, as its tunnel counts them; asked for seldom
 * @param onChange verdicts changed: plan routes anew
 */
export function newWatch(options: {
  clock: () => number;
  observe: () => Promise<ReadonlyMap<string, number>>;
  onChange: () => void;
}): Watch {
  const { clock } = options;
  const liveness = newLiveness();
  const traffic = newTraffic();
  let map: NetworkMap | undefined;
  let byAddress = new Map<string, MapPeer>();
  let carriers: ReadonlyMap<string, MapPeer> = new Map();
  let hasChoice = false;
  let crowded = new Set<number>();
  let bytes: ReadonlyMap<string, number> = new Map();
  let growing = new Set<string>();
  let observedAt = Number.NEGATIVE_INFINITY;
  let prober: { address: string; prober: Prober } | undefined;
  let draining = false;
  let saying: Saying = { draining: false, unreachable: [] };
  let countedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  /** How long it was rested on purpose before the next look. */
  let rest = 0;
  let looking = false;
  let closed = false;
  const telling = new Set<NodeJS.Timeout>();

  const carrierAt = (address: string): string | undefined => byAddress.get(address)?.id;
  const listener = {
    onAnswer: (address: string, sentAt: number, now: number) => {
      const id = carrierAt(address);
      if (id) liveness.answered(id, sentAt, now);
    },
    onSaid: (address: string, said: Saying) => {
      const id = carrierAt(address);
      if (!id) return;
      const before = liveness.verdicts().get(id);
      liveness.said(id, said);
      if (
        before &&
        (before.draining !== said.draining || before.unreachable.join() !== said.unreachable.join())
      )
        soon();
    },
    onPacket: (address: string, direction: keyof Counters, count: number) =>
      traffic.own(byAddress.get(address)?.plane ?? 0, direction, count),
  };

  const count = (now: number) => {
    if (!map || !hasChoice || now - countedAt < CALM_MILLISECONDS) return;
    countedAt = now;
    const all = readCounters();
    for (let plane = 0; plane < map.self.planes; plane += 1) {
      const seen = all.get(interfaceOf(plane));
      traffic.look(plane, seen ? { sent: seen.sentPackets, received: seen.receivedPackets } : null, now);
    }
  };
  const isBusy = (now: number) => (id: string) => {
    const peer = carriers.get(id);
    if (!peer || !traffic.isBusy(peer.plane, now)) return false;
    return !crowded.has(peer.plane) || growing.has(id);
  };
  const observe = (now: number) => {
    const needed = [...crowded].some((plane) => traffic.isBusy(plane, now));
    if (!needed || now - observedAt < OBSERVE_MILLISECONDS) return;
    observedAt = now;
    options.observe().then(
      (seen) => {
        growing = new Set(
          [...seen].flatMap(([id, sent]) => (sent - (bytes.get(id) ?? sent) > GROWING_BYTES ? [id] : [])),
        );
        bytes = seen;
      },
      () => undefined,
    );
  };

  /** Judges what has come in until now, asks whom it is time to ask, and says when to look again. */
  const look = () => {
    looking = false;
    if (closed || !map) return;
    const now = clock();
    count(now);
    observe(now);
    if (liveness.judge(now, rest)) {
      tell();
      options.onChange();
    }
    const isWarm = traffic.isWarm(now);
    const due = liveness.due(now, isBusy(now), isWarm);
    for (const id of due) liveness.sent(id, now);
    prober?.prober.probe(due.flatMap((id) => carriers.get(id)?.overlayAddress ?? []));
    const isFast = liveness.inDoubt(now) || [...carriers.keys()].some(isBusy(now));
    if (isFast) rest = FAST_MILLISECONDS;
    else if (hasChoice) rest = CALM_MILLISECONDS;
    else if (liveness.isWaiting()) rest = NO_CHOICE_MILLISECONDS;
    else {
      const untilDue = liveness.untilDue(now, isBusy(now), isWarm);
      rest = Math.max(NO_CHOICE_MILLISECONDS, Math.min(LONGEST_REST_MILLISECONDS, untilDue));
    }
    clearTimeout(timer);
    timer = setTimeout(soon, Math.max(0, rest - (clock() - now)));
  };
  /** After what has already arrived was read: a late look must not take answers for lost that only wait. */
  const soon = () => {
    if (looking || closed) return;
    looking = true;
    setImmediate(look);
  };

  /** Puts what is to be known of this agent into its packets, and tells at once what changed. */
  const tell = () => {
    if (!map) return;
    const { self, peers } = map;
    const now: Saying = {
      draining,
      unreachable: self.forwards ? unreachableBy(self, peers, liveness.verdicts()) : [],
    };
    if (JSON.stringify(now) === JSON.stringify(saying)) return;
    saying = now;
    prober?.prober.say(saying);
    for (const timer of telling) clearTimeout(timer);
    telling.clear();
    if (!self.forwards) return;
    const tellUsers = () =>
      prober?.prober.probe(prober.prober.askers().filter((address) => byAddress.has(address)));
    tellUsers();
    for (const milliseconds of TELL_AGAIN_MILLISECONDS) {
      const again = setTimeout(() => {
        telling.delete(again);
        tellUsers();
      }, milliseconds);
      telling.add(again);
    }
  };

  return {
    apply: async (next) => {
      map = next;
      byAddress = new Map(next.peers.map((peer) => [peer.overlayAddress, peer]));
      carriers = new Map(next.peers.filter(carriesOthers).map((peer) => [peer.id, peer]));
      hasChoice = mayChoose(next, [...carriers.values()]);
      const counts = new Map<number, number>();
      for (const { plane } of carriers.values()) counts.set(plane, (counts.get(plane) ?? 0) + 1);
      crowded = new Set([...counts].flatMap(([plane, many]) => (many > MOST_FAST ? [plane] : [])));
      liveness.keep(carriers.keys(), clock());
      const address = next.self.overlayAddress;
      if (prober?.address !== address) {
        prober?.prober.close();
        prober = undefined;
        const opened = await openProber(address, PROBE_PORT, clock, listener);
        if (closed) return opened.close();
        prober = { address, prober: opened };
        opened.say(saying);
      }
      prober.prober.keep(new Set(byAddress.keys()));
      tell();
      soon();
    },
    verdicts: () => liveness.verdicts(),
    probeOthers: () => {
      const others = (map?.peers ?? []).filter((peer) => !carriesOthers(peer));
      const addresses = others.map((peer) => peer.overlayAddress);
      prober?.prober.probe(
        addresses.length > MOST_OTHERS ? prober.prober.longestUnasked(addresses, MOST_OTHERS) : addresses,
      );
    },
    results: () => prober?.prober.results() ?? new Map(),
    drain: (on) => {
      draining = on;
      tell();
    },
    isDraining: () => draining,
    quietMilliseconds: () => countedAt - traffic.quietSince(),
    close: () => {
      closed = true;
      clearTimeout(timer);
      for (const one of telling) clearTimeout(one);
      prober?.prober.close();
      prober = undefined;
    },
  };
}

/** Whether anything could be done about a carrier that is found dead: here, or by those who use this agent. */
function mayChoose(map: NetworkMap, carriers: readonly MapPeer[]): boolean {
  const seen = new Set<string>();
  const shared = carriers
    .flatMap((peer) => peer.allowedIps)
    .some((cidr) => seen.size === seen.add(cidr).size);
  const hasMate = map.peers.some(
    (peer) => peer.clusterId === map.self.clusterId && peer.role === 'gateway' && map.self.forwards,
  );
  return shared || hasMate;
}
