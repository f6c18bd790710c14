/**
 * Which pairs of peers come to a WireGuard session. One side must get a packet through to the other: unasked, where
 * the other's security group lets it in; by both calling at once, which state in groups and NATs takes for answers; or
 * over a relay. Agents try every endpoint that they have of a silent peer, and they call each other for ever.
 */
import type { Endpoint, MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import { contains } from '../ipam/cidr.ts';
import type { Decision } from './answer.ts';
import type { Standing, World } from './world.ts';

/** An underlay address with a port; null for a port that nobody can know beforehand. */
interface Spot {
  readonly address: string | null;
  readonly port: number | null;
}

/** A packet that gets as far as the door of a peer. */
interface Call {
  readonly to: string;
  readonly at: Spot;
  /** Where it seems to come from. */
  readonly seen: Spot;
  /** What keeps it out unless it is an answer. */
  readonly closed: 'nat' | 'security-group' | null;
}

/** Who is at which address: `network address`, and the address alone outside, where several may share a NAT's. */
export type Doors = ReadonlyMap<string, readonly string[]>;

export function doorsOf({ standings }: World): Doors {
  const doors = new Map<string, string[]>();
  const add = (door: string, id: string) => doors.set(door, [...(doors.get(door) ?? []), id]);
  for (const [id, { network, privateAddress, outside, global }] of standings) {
    if (privateAddress !== null) add(`${network} ${privateAddress}`, id);
    if (outside.address !== null) add(outside.address, id);
    for (const address of global) add(address, id);
  }
  return doors;
}

/** Null where two peers have a session; else why not, from the first one's side. */
export function sessionProblem(
  world: World,
  doors: Doors,
  maps: (id: string) => NetworkMap | undefined,
  from: string,
  to: string,
): Decision | null {
  for (const id of [from, to])
    if (world.lost.has(id)) return { hop: id, layer: 'tunnel', words: 'it is lost' };
  const [mine, theirs] = [maps(from), maps(to)];
  const there = mine?.peers.find((peer) => peer.id === to);
  const here = theirs?.peers.find((peer) => peer.id === from);
  if (!mine || !theirs || !there || !here)
    return { hop: from, layer: 'tunnel', words: 'the two hold no tunnel to each other' };

  const calls = callsOf(world, doors, mine, there);
  const answers = callsOf(world, doors, theirs, here);
  const direct = [...calls.filter((call) => call.to === to), ...answers.filter((call) => call.to === from)];
  if (direct.some((call) => call.closed === null)) return null;
  for (const one of calls) for (const other of answers) if (areMutual(one, other, from, to)) return null;
  if (sharesRelay(world, doors, maps, mine, there, here)) return null;
  const blocked = [from, to].find((id) => world.standings.get(id)?.udpBlocked);
  if (blocked !== undefined && direct.length === 0)
    return {
      hop: blocked,
      layer: 'tunnel',
      words: 'no UDP gets out of where it is, and no relay takes it in over TLS',
    };
  return problemOf(from, to, direct);
}

/** Each takes the other's calls for answers to its own. */
function areMutual(one: Call, other: Call, from: string, to: string): boolean {
  return one.to === to && other.to === from && isSame(one.at, other.seen) && isSame(other.at, one.seen);
}

function isSame(a: Spot, b: Spot): boolean {
  return a.address !== null && a.port !== null && a.address === b.address && a.port === b.port;
}

function problemOf(from: string, to: string, direct: readonly Call[]): Decision {
  const group = direct.find((call) => call.closed === 'security-group');
  if (group)
    return {
      hop: group.to,
      layer: 'security-group',
      words: `its security group lets in no UDP ${group.at.port} from ${group.seen.address ?? 'there'}`,
    };
  if (direct.length > 0)
    return { hop: to, layer: 'nat', words: 'both are behind NATs that open no way, and no relay helps' };
  return { hop: from, layer: 'tunnel', words: 'neither knows an address at which the other is reached' };
}

function callsOf(world: World, doors: Doors, map: NetworkMap, peer: MapPeer): Call[] {
  const standing = world.standings.get(map.peerId);
  if (!standing) return [];
  const from = { standing, port: map.self.wireguardPort, plane: peer.plane };
  return peer.endpoints
    .filter((one) => one.kind !== 'relayed' && one.kind !== 'tls')
    .flatMap((endpoint) => callOf(world, doors, from, endpoint, peer.id) ?? []);
}

/** Whoever calls, from the port of one of its planes. */
interface Caller {
  readonly standing: Standing;
  readonly port: number;
  readonly plane: number;
}

/** @param meant who is called, where several are behind one address */
function callOf(
  { standings }: World,
  doors: Doors,
  { standing: from, port, plane }: Caller,
  endpoint: Endpoint,
  meant?: string,
): Call | undefined {
  const at = { address: endpoint.address, port: endpoint.port };
  const whoIs = (door: string): [string, Standing] | undefined => {
    const ids = doors.get(door) ?? [];
    const id = ids.find((one) => one === meant) ?? ids[0];
    const standing = id === undefined ? undefined : standings.get(id);
    return id === undefined || !standing ? undefined : [id, standing];
  };
  if (endpoint.kind === 'global') {
    const found = whoIs(endpoint.address);
    const [own] = from.global;
    if (!found || own === undefined) return undefined;
    const [to, standing] = found;
    // Groups speak of IPv4 alone, and let in nothing else.
    const closed = standing.letsIn === null ? null : 'security-group';
    return { to, at, seen: { address: own, port: port + plane }, closed };
  }
  for (const network of [from.network, ...from.near]) {
    const found = whoIs(`${network} ${endpoint.address}`);
    if (!found || from.privateAddress === null) continue;
    const [to, standing] = found;
    // Half a peering leads nowhere.
    if (network !== from.network && !standing.near.includes(from.network)) continue;
    const seen = { address: from.privateAddress, port: port + plane };
    return { to, at, seen, closed: letsIn(standing, seen, endpoint.port) ? null : 'security-group' };
  }
  // What is only a private address leads nowhere from outside.
  const found = whoIs(endpoint.address);
  if (!found) return undefined;
  const [to, standing] = found;
  if (from.udpBlocked || standing.udpBlocked) return undefined;
  const seen = { address: from.outside.address, port: seenPort(from.outside, port, plane) };
  if (standing.outside.kind !== 'open') return { to, at, seen, closed: 'nat' };
  return { to, at, seen, closed: letsIn(standing, seen, endpoint.port) ? null : 'security-group' };
}

function seenPort(outside: Standing['outside'], port: number, plane: number): number | null {
  if (outside.kind === 'open') return port + plane;
  return outside.kind === 'nat' && outside.port !== null ? outside.port + plane : null;
}

function letsIn(standing: Standing, seen: Spot, port: number): boolean {
  if (standing.letsIn === null) return true;
  return standing.letsIn.some(
    (rule) =>
      rule.fromPort <= port &&
      port <= rule.toPort &&
      rule.cidrs.some(
        (cidr) => cidr === '0.0.0.0/0' || (seen.address !== null && contains(cidr, seen.address)),
      ),
  );
}

/** Both get through to one relay that keeps ports for them, be it over TLS. */
function sharesRelay(
  world: World,
  doors: Doors,
  maps: (id: string) => NetworkMap | undefined,
  map: NetworkMap,
  there: MapPeer,
  here: MapPeer,
): boolean {
  const standing = world.standings.get(map.peerId);
  const other = world.standings.get(there.id);
  if (!standing || !other) return false;
  // Over TLS the relay's own group lets in exactly those who were given to it, and a NAT is in nobody's way.
  const overTls = (id: string, endpoint: Endpoint) => {
    for (const relay of endpoint.tls ? (doors.get(endpoint.address) ?? []) : [id]) {
      if (world.lost.has(relay)) continue;
      const allocation = allocationAt(relay, endpoint);
      const end = allocation?.tls?.ends[endpoint.port % 2];
      if (end && (end.by === 'tls' ? end.peerId === id : end.by === 'self'))
        return `${relay} ${allocation?.id}`;
    }
    return undefined;
  };
  const allocationAt = (relay: string, { port }: Endpoint) =>
    maps(relay)?.allocations.find((one) => one.port === port - (port % 2));
  const passes = (from: Standing, id: string, endpoint: Endpoint) => {
    if (endpoint.kind === 'tls') return overTls(id, endpoint);
    const caller = { standing: from, port: map.self.wireguardPort, plane: 0 };
    const call = callOf(world, doors, caller, endpoint);
    if (call?.closed !== null || world.lost.has(call.to)) return undefined;
    const allocation = allocationAt(call.to, endpoint);
    const known = allocation?.addresses[endpoint.port % 2]?.includes(call.seen.address ?? '');
    return known ? `${call.to} ${allocation?.id}` : undefined;
  };
  const mine = relayed(there).map((endpoint) => passes(standing, map.peerId, endpoint));
  return relayed(here).some((endpoint) => {
    const by = passes(other, there.id, endpoint);
    return by !== undefined && mine.includes(by);
  });
}

const relayed = (peer: MapPeer): Endpoint[] =>
  peer.endpoints.filter((one) => one.kind === 'relayed' || one.kind === 'tls');
