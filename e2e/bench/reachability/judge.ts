/** Builds one network in a lane, lets packets decide what the model decided, and tells where the two differ. */
import { setTimeout as wait } from 'node:timers/promises';
import { carriesOthers, unreachableBy, type Verdict } from '@skein/agent/route/ways.ts';
import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import { hasSession, reach } from '@skein/mesh/reach/reach.ts';
import type { World } from '@skein/mesh/reach/world.ts';
import type { Hand, Lane } from './lane.ts';
import type { Case } from './network.ts';
import { addressLines, doorTable, LOST } from './underlay.ts';

/** Patience with what the model says goes, for a busy machine; and with what it says does not. */
const GOES_MILLISECONDS = 45_000;
const STOPS_MILLISECONDS = 1200;
/** For sessions that the model does not expect, and for those that it does, before other endpoints are tried. */
const SURPRISE_MILLISECONDS = 500;
const PATIENCE_MILLISECONDS = 1500;
const LOOK_MILLISECONDS = 60;
/** WireGuard tries again after 5 s; under load that may be needed more than once. */
const SESSION_MILLISECONDS = 45_000;
/** With several gateways flows take different ways: so many that none is left out but once in a thousand times. */
const MANY_FLOWS = 14;

export interface Judgement {
  readonly questions: number;
  readonly reached: number;
  readonly disagreements: readonly string[];
}

export async function judge(lane: Lane, { world, questions, keys }: Case): Promise<Judgement> {
  const hands = await lane.seat(world);
  const living = [...world.standings.keys()].filter((id) => !world.lost.has(id));
  const maps = mapsOf(world);
  const each = <T>(does: (id: string, hand: Hand, map: NetworkMap) => Promise<T>) =>
    Promise.all(living.map((id) => does(id, hands.get(id) as Hand, maps.get(id) as NetworkMap)));
  try {
    await Promise.all(
      [...world.standings].map(([id, standing]) =>
        hands.get(id)?.obey({
          do: 'stand',
          ip: world.lost.has(id) ? LOST : addressLines(world, id, standing),
          nft: doorTable(standing, (maps.get(id)?.allocations.length ?? 0) > 0),
        }),
      ),
    );
    await each((id, hand, map) => hand.obey({ do: 'apply', map, privateKey: keys.get(id) ?? '' }));
    const up = await sessions(world, maps, each);
    const disagreements = pairsOf(maps)
      .filter(([one, other]) => up.has(`${one} ${other}`) !== hasSession(world, one, other))
      .map(([one, other]) =>
        up.has(`${one} ${other}`)
          ? `session ${one} ${other}: there against the model`
          : `session ${one} ${other}: expected and not there`,
      );

    const verdicts = verdictsOf(maps, living, up);
    await each((id, hand) => hand.obey({ do: 'route', verdicts: [...(verdicts.get(id) ?? [])] }));
    let reached = 0;
    await each(async (id, hand) => {
      const own = questions.filter((one) => one.from === id);
      const answers = own.map((one) => reach(world, one));
      const flows = world.snapshot.network.topology !== 'full' && hasSeveralGateways(maps) ? MANY_FLOWS : 2;
      const orders = own.map((one, at) => ({
        protocol: one.protocol,
        port: one.port,
        address: addressOf(world, one.to),
        flows: one.protocol === 'icmp' ? 1 : flows,
        patienceMilliseconds: answers[at]?.verdict === 'reached' ? GOES_MILLISECONDS : STOPS_MILLISECONDS,
      }));
      const answered = (await hand.obey({ do: 'ask', questions: orders })) as number[];
      for (const [at, question] of own.entries()) {
        const answer = answers[at];
        const order = orders[at];
        if (!answer || !order) continue;
        const seen = answered[at] === order.flows ? 'reached' : 'blocked';
        if (seen === 'reached') reached += 1;
        if (seen === answer.verdict) continue;
        disagreements.push(
          `${question.from} to ${question.to} ${question.protocol} ${question.port}: ${answered[at]} of ${order.flows} flows answered; the model says ${JSON.stringify(answer)}`,
        );
      }
    });
    return { questions: questions.length, reached, disagreements };
  } finally {
    await each((_, hand) => hand.obey({ do: 'rest' }));
  }
}

type Each = <T>(does: (id: string, hand: Hand, map: NetworkMap) => Promise<T>) => Promise<T[]>;

/**
 * Lets all pairs call each other at one endpoint after the other, as agents do of silent peers, and answers which of
 * them have a session: `one other` and `other one`.
 */
async function sessions(
  world: World,
  maps: ReadonlyMap<string, NetworkMap>,
  each: Each,
): Promise<ReadonlySet<string>> {
  const pairs = pairsOf(maps);
  const count = (map: string, of: string) =>
    maps.get(map)?.peers.find((peer) => peer.id === of)?.endpoints.length ?? 0;
  const turns = Math.max(0, ...pairs.map(([one, other]) => count(one, other) * count(other, one)));
  const up = new Set<string>();
  const look = async () => {
    const met = new Set<string>();
    await each(async (id, hand) => {
      for (const other of (await hand.obey({ do: 'look' })) as string[]) met.add(`${id} ${other}`);
    });
    for (const [one, other] of pairs)
      if (met.has(`${one} ${other}`) && met.has(`${other} ${one}`)) {
        up.add(`${one} ${other}`);
        up.add(`${other} ${one}`);
      }
  };
  const missing = (of: readonly [string, string][]) =>
    of.some(([one, other]) => !up.has(`${one} ${other}`) && hasSession(world, one, other));
  for (let turn = 0; turn < turns; turn += 1) {
    const silent = pairs.filter(([one, other]) => {
      const [mine, theirs] = [count(one, other), count(other, one)];
      // All combinations are for those who are to find one; nobody else should have to wait for them.
      const most = hasSession(world, one, other) ? mine * theirs : Math.max(mine, theirs);
      return !up.has(`${one} ${other}`) && turn < most;
    });
    if (silent.length === 0) break;
    const called = new Map<string, [string, number][]>();
    for (const [one, other] of silent) {
      // First both go by their lists alike, then one of them is a step ahead, and so on.
      const ahead = Math.floor(turn / count(one, other));
      called.set(one, [...(called.get(one) ?? []), [other, turn]]);
      called.set(other, [...(called.get(other) ?? []), [one, turn + ahead]]);
    }
    // Whoever calls somebody that does not know him yet is heard 5 s later only.
    await each(async (id, hand) => {
      await hand.obey({ do: 'meet', peers: (called.get(id) ?? []).map(([other]) => other) });
    });
    await each(async (id, hand) => {
      await hand.obey({ do: 'call', peers: called.get(id) ?? [] });
    });
    const surprise = Date.now() + SURPRISE_MILLISECONDS;
    const patience = Date.now() + PATIENCE_MILLISECONDS;
    do {
      await wait(LOOK_MILLISECONDS);
      await look();
    } while (Date.now() < surprise || (missing(silent) && Date.now() < patience));
  }
  const patience = Date.now() + SESSION_MILLISECONDS;
  while (missing(pairs) && Date.now() < patience) {
    await wait(LOOK_MILLISECONDS);
    await look();
  }
  return up;
}

/** Pairs of peers that hold tunnels to each other, the lower id first. */
function pairsOf(maps: ReadonlyMap<string, NetworkMap>): [string, string][] {
  return [...maps].flatMap(([id, map]) =>
    map.peers.flatMap((peer): [string, string][] =>
      id < peer.id && maps.get(peer.id)?.peers.some((one) => one.id === id) ? [[id, peer.id]] : [],
    ),
  );
}

/** What agents would find out of gateways, and tell each other, as often as it takes until nothing changes. */
function verdictsOf(
  maps: ReadonlyMap<string, NetworkMap>,
  living: readonly string[],
  up: ReadonlySet<string>,
): ReadonlyMap<string, ReadonlyMap<string, Verdict>> {
  let told = new Map<string, string[]>();
  for (;;) {
    const verdicts = new Map(
      living.map((id) => {
        const carriers = (maps.get(id)?.peers ?? []).filter(carriesOthers);
        return [
          id,
          new Map(
            carriers.map((peer): [string, Verdict] => [
              peer.id,
              {
                live: up.has(`${id} ${peer.id}`),
                draining: false,
                unreachable: told.get(peer.id) ?? [],
              },
            ]),
          ),
        ] as const;
      }),
    );
    const next = new Map(
      living.map((id) => {
        const map = maps.get(id) as NetworkMap;
        const forwards = map.self.forwards;
        return [
          id,
          forwards ? unreachableBy(map.self, map.peers, verdicts.get(id) ?? new Map()) : [],
        ] as const;
      }),
    );
    if (JSON.stringify([...next]) === JSON.stringify([...told])) return verdicts;
    told = next;
  }
}

function mapsOf({ snapshot }: World): Map<string, NetworkMap> {
  const maps = new Map<string, NetworkMap>();
  for (const part of snapshot.parts.values())
    for (const peer of part.peers) {
      const map = buildMap(snapshot, part.cluster.id, peer.id);
      if (map) maps.set(peer.id, map);
    }
  return maps;
}

function hasSeveralGateways(maps: ReadonlyMap<string, NetworkMap>): boolean {
  return [...maps.values()].some((map) => map.self.planes > 1);
}

function addressOf(world: World, id: string): string {
  for (const part of world.snapshot.parts.values())
    for (const peer of part.peers) if (peer.id === id) return peer.overlayAddress;
  throw new Error(`there is no peer ${id}`);
}
