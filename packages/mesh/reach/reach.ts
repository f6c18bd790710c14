/**
 * Whether one peer reaches another. Walks the maps that agents hold, peer by peer as a packet would: the route decides
 * the next one, a tunnel must be up to it, it must take packets of that sender from there, its filter must let them on,
 * and the answer must come back the same way. Pure; what was found out about a world is kept for as long as it is.
 */
import type { MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import { buildMap } from '../map/build.ts';
import { decide, type PeerEnd } from '../policy/decide.ts';
import { decisionWords } from '../policy/words.ts';
import type { Answer, Decision, Question } from './answer.ts';
import { judgesEnd, judgesPassing, type Packet } from './filter.ts';
import { doorsOf, sessionProblem } from './session.ts';
import { type Ways, waysOf } from './ways.ts';
import type { World } from './world.ts';

/** What becomes of a packet from one peer on: of several ways the one that ends worst. */
interface Walk {
  readonly hops: readonly string[];
  readonly problem: Decision | null;
  /** Some of the ways lead there and some do not. */
  readonly partly: boolean;
}

/** A packet on its way, and what became of it wherever it has been. */
interface Journey {
  readonly packet: Packet;
  readonly start: string;
  readonly goal: string;
  /** What the policy says of the flow. */
  readonly words: string;
  /** By peer id; null where it is under way. */
  readonly walks: Map<string, Walk | null>;
}

interface Explored {
  readonly ends: ReadonlyMap<string, PeerEnd>;
  readonly maps: ReadonlyMap<string, NetworkMap>;
  readonly ways: Ways;
  session(from: string, to: string): Decision | null;
}

/** Whether every flow of this kind gets from one peer to another and is answered, by which way, and what decides it. */
export function reach(world: World, question: Question): Answer {
  const explored = explore(world);
  const { from, to } = question;
  const [one, other] = [explored.ends.get(from), explored.ends.get(to)];
  if (!one || !other) {
    const hop = one ? to : from;
    return blocked([from], { hop, layer: 'no-such-peer', words: 'no such peer has joined' });
  }
  for (const id of [from, to])
    if (world.lost.has(id)) return blocked([from], { hop: id, layer: 'no-such-peer', words: 'it is lost' });
  const decision = decide(world.snapshot.network.policy, one, other, question);
  if (from === to)
    return { verdict: 'reached', partly: false, hops: [from], decidedBy: allowedAt(to, 'it is itself') };

  const words = decisionWords(decision);
  const { protocol, port } = question;
  const ends = { from: one.peer.overlayAddress, to: other.peer.overlayAddress };
  const packet: Packet = { protocol, port, ...ends, answers: false };
  const there = travel(explored, { packet, start: from, goal: to, words });
  if (there.problem) return blocked(there.hops, there.problem, there.partly);
  const answer: Packet = { protocol, port, from: ends.to, to: ends.from, answers: true };
  const back = travel(explored, { packet: answer, start: to, goal: from, words });
  if (back.problem)
    return blocked(
      back.hops,
      { ...back.problem, words: `on the way back: ${back.problem.words}` },
      back.partly,
    );
  return { verdict: 'reached', partly: false, hops: there.hops, decidedBy: allowedAt(to, words) };
}

const allowedAt = (hop: string, words: string): Decision => ({ hop, layer: 'policy', words });

function blocked(hops: readonly string[], decidedBy: Decision, partly = false): Answer {
  return { verdict: 'blocked', partly, hops, decidedBy };
}

function travel(explored: Explored, journey: Omit<Journey, 'walks'>): Walk {
  const { start, packet, words } = journey;
  const map = explored.maps.get(start);
  if (!map) throw new Error(`there is no map of ${start}`);
  if (packet.answers && !judgesEnd(map, packet))
    return stopped([start], { hop: start, layer: 'policy', words });
  return walk(explored, { ...journey, walks: new Map() }, map);
}

function walk(explored: Explored, journey: Journey, at: NetworkMap): Walk {
  const known = journey.walks.get(at.peerId);
  if (known) return known;
  const hop = at.peerId;
  if (known === null) return stopped([hop], { hop, layer: 'route', words: 'the packet goes in a circle' });
  journey.walks.set(hop, null);
  const found = walkOn(explored, journey, at);
  journey.walks.set(hop, found);
  return found;
}

function walkOn(explored: Explored, journey: Journey, at: NetworkMap): Walk {
  const { packet, goal, start, words } = journey;
  const hop = at.peerId;
  const hops = [hop];
  if (hop === goal)
    return packet.answers || judgesEnd(at, packet)
      ? { hops, problem: null, partly: false }
      : stopped(hops, { hop, layer: 'policy', words });
  if (hop !== start) {
    if (!at.self.forwards)
      return stopped(hops, { hop, layer: 'route', words: 'it passes nothing on for others' });
    if (!judgesPassing(at, packet)) return stopped(hops, { hop, layer: 'policy', words });
  }
  const next = explored.ways.next(at, packet.to);
  if (next.length === 0)
    return stopped(hops, { hop, layer: 'route', words: `none of its tunnels leads to ${packet.to}` });
  const walks = next.map((peer) => step(explored, journey, at, peer));
  const worst = walks.find((one) => one.problem !== null) ?? (walks[0] as Walk);
  return {
    hops: [hop, ...worst.hops],
    problem: worst.problem,
    partly: worst.problem !== null && walks.some((one) => one.problem === null || one.partly),
  };
}

/** Through the tunnel to the next peer, and on from there. */
function step(explored: Explored, journey: Journey, at: NetworkMap, peer: MapPeer): Walk {
  const problem = explored.session(at.peerId, peer.id);
  if (problem) return stopped([], problem);
  const map = explored.maps.get(peer.id);
  const { from } = journey.packet;
  const plane = map?.peers.find((one) => one.id === at.peerId)?.plane ?? 0;
  if (map && explored.ways.taken(map, plane, from) === at.peerId) return walk(explored, journey, map);
  const words = `it takes no packets of ${from} from ${at.self.name}`;
  return stopped([], { hop: peer.id, layer: 'tunnel', words });
}

function stopped(hops: readonly string[], problem: Decision): Walk {
  return { hops, problem, partly: false };
}

const exploredMemo = new WeakMap<World, Explored>();

function explore(world: World): Explored {
  const known = exploredMemo.get(world);
  if (known) return known;
  const { snapshot, lost } = world;
  const ends = new Map<string, PeerEnd>();
  const maps = new Map<string, NetworkMap>();
  for (const part of snapshot.parts.values())
    for (const peer of part.peers) {
      ends.set(peer.id, { part, peer });
      const map = buildMap(snapshot, part.cluster.id, peer.id);
      if (map) maps.set(peer.id, map);
    }
  const doors = doorsOf(world);
  const sessions = new Map<string, Decision | null>();
  const session = (from: string, to: string): Decision | null => {
    const key = `${from} ${to}`;
    let found = sessions.get(key);
    if (found === undefined) {
      found = sessionProblem(world, doors, (id) => maps.get(id), from, to);
      sessions.set(key, found);
    }
    return found;
  };
  const living = [...maps.values()].filter((map) => !lost.has(map.peerId));
  const ways = waysOf(living, (from, to) => session(from, to) === null);
  const explored = { ends, maps, ways, session };
  exploredMemo.set(world, explored);
  return explored;
}

/** Whether two peers that hold a tunnel to each other come to a session. */
export function hasSession(world: World, from: string, to: string): boolean {
  return explore(world).session(from, to) === null;
}
