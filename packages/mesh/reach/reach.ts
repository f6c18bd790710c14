/**
 * Whether one peer reaches another, or a range behind a cluster. Walks the maps that agents hold, peer by peer as a packet would: the route decides
 * the next one, a tunnel must be up to it, it must take packets of that sender from there, its filter must let them on,
 * and the answer must come back the same way. Pure; what was found out about a world is kept for as long as it is.
 */
import type { MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import { formatAddress, parseCidr, sizeOf } from '../ipam/cidr.ts';
import { buildMap } from '../map/build.ts';
import { podsOf } from '../pods/carry.ts';
import { decide, type End } from '../policy/decide.ts';
import { decisionWords } from '../policy/words.ts';
import { carriedBy } from '../range/carriers.ts';
import type { Answer, Decision, Question } from './answer.ts';
import { judgesBehind, judgesEnd, judgesPassing, type Packet } from './filter.ts';
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
  readonly from: Place;
  readonly to: Place;
  /** What the policy says of the flow. */
  readonly words: string;
  /** By peer id; null where it is under way. */
  readonly walks: Map<string, Walk | null>;
}

/** Where packets begin and end: a peer, a range with those who carry it, or the pods of one node. */
interface Place {
  readonly end: End;
  readonly address: string;
  /** Ids of peers: the peer itself, or the carriers that live. */
  readonly at: readonly string[];
  /** How those judge and answer for what is behind them; null for a peer. */
  readonly behind: Behind | null;
}

interface Behind {
  readonly kind: 'range' | 'pods';
  /** Carriers know flows where each has to come back to the one that it came by. */
  readonly remembers: boolean;
  /** Whether its hosts may begin anything. */
  readonly begins: boolean;
}

interface Explored {
  readonly places: ReadonlyMap<string, Place>;
  readonly maps: ReadonlyMap<string, NetworkMap>;
  readonly ways: Ways;
  session(from: string, to: string): Decision | null;
}

/** Whether every flow of this kind gets from one place to another and is answered, by which way, and what decides it. */
export function reach(world: World, question: Question): Answer {
  const explored = explore(world);
  const { from, to } = question;
  const [one, other] = [explored.places.get(from), explored.places.get(to)];
  const gone = (hop: string, words: string) => blocked([from], { hop, layer: 'no-such-peer', words });
  if (!one || !other)
    return gone(one ? to : from, 'no such peer has joined, and there are no such range and pods');
  for (const [id, place] of [[from, one] as const, [to, other] as const]) {
    if (world.lost.has(id)) return gone(id, 'it is lost');
    if (place.at.length === 0) return gone(id, 'nobody is there who carries it');
  }
  const decision = decide(world.snapshot.network.policy, one.end, other.end, question);
  if (from === to)
    return { verdict: 'reached', partly: false, hops: [from], decidedBy: allowedAt(to, 'it is itself') };
  const beside = besideTheOverlay(one, other);
  if (beside) return beside;
  // Towards their own cluster pods are seen as their node.
  if (one.behind?.kind === 'pods' && isSameCluster(one, other))
    return reach(world, { ...question, from: one.at[0] ?? from });

  const words = decisionWords(decision);
  const { protocol, port } = question;
  const packet: Packet = { protocol, port, from: one.address, to: other.address, answers: false };
  const there = travel(explored, { packet, from: one, to: other, words });
  if (there.problem) return blocked(there.hops, there.problem, there.partly);
  const answer: Packet = { protocol, port, from: other.address, to: one.address, answers: true };
  const back = travel(explored, { packet: answer, from: other, to: one, words });
  if (back.problem)
    return blocked(
      back.hops,
      { ...back.problem, words: `on the way back: ${back.problem.words}` },
      back.partly,
    );
  const last = there.hops.at(-1) ?? to;
  return { verdict: 'reached', partly: false, hops: there.hops, decidedBy: allowedAt(last, words) };
}

/** What is decided before any packet is in the overlay, or undefined where one goes there. */
function besideTheOverlay(from: Place, to: Place): Answer | undefined {
  const [hop = ''] = from.at;
  const shared = from.at.find((id) => to.at.includes(id));
  if (from.behind?.begins === false) {
    const words = 'hosts of a masqueraded range begin nothing';
    return blocked([hop], { hop, layer: 'route', words });
  }
  if (to.behind?.kind === 'pods' && isSameCluster(from, to)) {
    const decidedBy = allowedAt(
      hop,
      'within a cluster its own network carries pods, and what that denies Skein does not know',
    );
    return { verdict: 'reached', partly: false, hops: [hop], decidedBy };
  }
  if (shared === undefined) return undefined;
  if (from.behind === null || to.behind === null || from.behind.kind === 'pods') {
    const decidedBy = allowedAt(shared, 'it carries what is behind it itself');
    return { verdict: 'reached', partly: false, hops: [shared], decidedBy };
  }
  const words = 'it carries both ranges, and translates what goes through the overlay alone';
  return blocked([shared], { hop: shared, layer: 'route', words });
}

const isSameCluster = (a: Place, b: Place) => a.end.part === b.end.part;

const allowedAt = (hop: string, words: string): Decision => ({ hop, layer: 'policy', words });

function blocked(hops: readonly string[], decidedBy: Decision, partly = false): Answer {
  return { verdict: 'blocked', partly, hops, decidedBy };
}

function travel(explored: Explored, journey: Omit<Journey, 'walks'>): Walk {
  const { from, packet, words } = journey;
  // What hosts of a range send may leave by any of those who carry it.
  return worstOf(
    from.at.map((start) => {
      const map = explored.maps.get(start);
      if (!map) throw new Error(`there is no map of ${start}`);
      const judged =
        from.behind === null
          ? !packet.answers || judgesEnd(map, packet)
          : judgesBehind(map, packet, from.behind.remembers);
      if (!judged) return stopped([start], { hop: start, layer: 'policy', words });
      return walk(explored, { ...journey, walks: new Map() }, map);
    }),
  );
}

/** Of several ways the one that ends worst; there is at least one. */
function worstOf(walks: readonly Walk[]): Walk {
  const worst = walks.find((one) => one.problem !== null) ?? (walks[0] as Walk);
  const { hops, problem } = worst;
  return {
    hops,
    problem,
    partly: problem !== null && walks.some((one) => one.problem === null || one.partly),
  };
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
  const { packet, from, to, words } = journey;
  const hop = at.peerId;
  const hops = [hop];
  if (to.at.includes(hop)) {
    const judged =
      to.behind === null
        ? packet.answers || judgesEnd(at, packet)
        : judgesBehind(at, packet, to.behind.remembers);
    return judged ? { hops, problem: null, partly: false } : stopped(hops, { hop, layer: 'policy', words });
  }
  if (!from.at.includes(hop)) {
    if (!at.self.forwards)
      return stopped(hops, { hop, layer: 'route', words: 'it passes nothing on for others' });
    if (!judgesPassing(at, packet)) return stopped(hops, { hop, layer: 'policy', words });
  }
  const next = explored.ways.next(at, packet.to);
  if (next.length === 0)
    return stopped(hops, { hop, layer: 'route', words: `none of its tunnels leads to ${packet.to}` });
  const worst = worstOf(next.map((peer) => step(explored, journey, at, peer)));
  return { ...worst, hops: [hop, ...worst.hops] };
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

/** By which a question names the pods of a peer's node. */
export function podsId(peerId: string): string {
  return `${peerId}/pods`;
}

/** All of a range are judged and carried alike. */
function someHostOf(cidr: string): string {
  const range = parseCidr(cidr);
  return formatAddress(range.first + (sizeOf(range) > 2 ? 1 : 0));
}

const exploredMemo = new WeakMap<World, Explored>();

function explore(world: World): Explored {
  const known = exploredMemo.get(world);
  if (known) return known;
  const { snapshot, lost } = world;
  const places = new Map<string, Place>();
  const maps = new Map<string, NetworkMap>();
  for (const part of snapshot.parts.values()) {
    for (const range of part.cluster.ranges) {
      const carriers = part.peers.filter((peer) =>
        carriedBy(snapshot.network.topology, part, peer).includes(range),
      );
      const at = carriers.map(({ id }) => id).filter((id) => !lost.has(id));
      const masqueraded = range.replies === 'masqueraded';
      const behind = {
        kind: 'range',
        remembers: masqueraded || range.peerId !== null,
        begins: !masqueraded,
      } as const;
      places.set(range.id, { end: { part, range }, address: someHostOf(range.overlayCidr), at, behind });
    }
    for (const peer of part.peers) {
      const { id, overlayAddress: address } = peer;
      places.set(id, { end: { part, peer }, address, at: [id], behind: null });
      const [podCidr] = podsOf(part, peer);
      if (podCidr)
        places.set(podsId(id), {
          end: { part, pods: true },
          address: someHostOf(podCidr),
          at: lost.has(id) ? [] : [id],
          behind: { kind: 'pods', remembers: true, begins: true },
        });
      const map = buildMap(snapshot, part.cluster.id, peer.id);
      if (map) maps.set(peer.id, map);
    }
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
  const explored = { places, maps, ways, session };
  exploredMemo.set(world, explored);
  return explored;
}

/** Whether two peers that hold a tunnel to each other come to a session. */
export function hasSession(world: World, from: string, to: string): boolean {
  return explore(world).session(from, to) === null;
}
