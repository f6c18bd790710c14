/** Random small networks for the benchmark, each of them from one number. Everything in them follows from it. */
import type { Endpoint } from '@skein/contract/agent/map.ts';
import { Topology } from '@skein/contract/primitive.ts';
import { Policy } from '@skein/contract/rest/policy.ts';
import {
  compareText,
  type MeshAllocation,
  type MeshCluster,
  type MeshPeer,
  type Snapshot,
  snapshotOf,
} from '@skein/mesh/network.ts';
import type { Question } from '@skein/mesh/reach/answer.ts';
import { imagine, plannedWorld, type Standing, type World } from '@skein/mesh/reach/world.ts';
import { planRelays } from '@skein/mesh/relay/plan.ts';
import { type Dice, diceOf } from './dice.ts';
import { privateKeyOf, publicKeyOf } from './keys.ts';
import { PORTS } from './ports.ts';

const QUESTIONS = 20;
/** Gateways of one cluster over which flows may be spread. */
const MOST_GATEWAYS = 2;

export interface Case {
  readonly seed: number;
  readonly world: World;
  readonly questions: readonly Question[];
  /** Each peer's private WireGuard key, by id. */
  readonly keys: ReadonlyMap<string, string>;
}

interface Site {
  readonly cluster: MeshCluster;
  readonly peers: MeshPeer[];
  readonly vpc: boolean;
  /** Standings that plans cannot know, by peer id. */
  readonly standings: Map<string, Pick<Standing, 'outside'> & Partial<Standing>>;
}

/** @param now milliseconds since 1970, until well after which relays are allotted */
export function networkOf(seed: number, now: number): Case {
  const dice = diceOf(seed);
  const base = `100.${64 + (seed % 64)}`;
  const wireguardPort = 30_000 + dice.below(20_000);
  const sites = sitesOf(dice, seed, base, wireguardPort);
  const clusters = peered(dice, sites);
  const peers = sites.flatMap((site) => site.peers);
  const network = {
    id: `net_${seed}`,
    epoch: 1,
    cidr: `${base}.0.0/16`,
    zone: 'bench.skein.test',
    topology: dice.pick(Topology.options),
    hubClusterId: dice.chance(0.5) ? dice.pick(clusters).id : null,
    wireguardPort,
    mtu: 1280,
    policy: policyOf(dice, clusters, peers),
  };
  const snapshot = withRelays(snapshotOf(1, network, clusters, withRelay(dice, peers)), now);
  const world = strange(dice, sites, plannedWorld(snapshot));
  const lost = dice.chance(0.25) ? [dice.pick([...peers, ...clusters]).id] : [];
  return {
    seed,
    world: imagine(world, { lost }),
    questions: questionsOf(dice, snapshot),
    keys: new Map(peers.map((peer) => [peer.id, privateKeyOf(`${seed} ${peer.id}`)])),
  };
}

function sitesOf(dice: Dice, seed: number, base: string, wireguardPort: number): Site[] {
  const count = 2 + dice.below(3);
  return Array.from({ length: count }, (_, at) => {
    const vpc = dice.chance(0.6);
    // VPCs of clusters that never meet may have the same range, and nodes of the same addresses.
    const range = at > 0 && dice.chance(0.2) ? 0 : at;
    const cluster: MeshCluster = {
      id: `clu_${at}`,
      name: `c${at}`,
      overlayCidr: `${base}.${at}.0/24`,
      vpcCidr: vpc ? `10.64.${range * 16}.0/20` : null,
      peered: [],
      place: null,
      labels: labelsOf(dice),
      ranges: [],
    };
    const size = 1 + dice.below(3);
    const gateways = dice.chance(0.06) ? 0 : Math.min(size, 1 + dice.below(MOST_GATEWAYS));
    const site: Site = { cluster, peers: [], vpc, standings: new Map() };
    // All hosts of a LAN, or each in one of its own.
    const lan = dice.chance(0.5) ? `lan ${at}` : null;
    for (let index = 0; index < size; index += 1) {
      const gateway = index < gateways;
      const id = `peer_${at}_${index}`;
      const privateAddress = vpc ? `10.64.${range * 16}.${10 + index}` : `192.168.${at}.${10 + index}`;
      const outside = outsideOf(dice, vpc, gateway, `203.0.113.${10 + at * 10 + index}`, wireguardPort);
      const endpoints: Endpoint[] = [{ kind: 'private', address: privateAddress, port: wireguardPort }];
      if (outside.kind === 'open')
        endpoints.push({ kind: 'public', address: outside.address ?? '', port: wireguardPort });
      else if (outside.address !== null)
        endpoints.push({
          kind: 'observed',
          address: outside.address,
          port: outside.kind === 'nat' ? wireguardPort : 10_000 + dice.below(10_000),
        });
      site.peers.push({
        id,
        clusterId: cluster.id,
        name: `n${index}`,
        role: gateway ? 'gateway' : 'member',
        seat: gateway && dice.chance(0.5) ? index : null,
        wireguardKey: publicKeyOf(`${seed} ${id}`),
        nextWireguardKey: null,
        retiredKey: null,
        overlayAddress: `${base}.${at}.${1 + index}`,
        privateAddress,
        publicAddress: outside.kind === 'open' ? outside.address : null,
        endpoints,
        labels: labelsOf(dice),
        relay: null,
      });
      site.standings.set(id, { outside, ...(vpc ? {} : { network: lan ?? id, near: [] }) });
    }
    return site;
  });
}

function outsideOf(
  dice: Dice,
  vpc: boolean,
  gateway: boolean,
  address: string,
  port: number,
): Standing['outside'] {
  if (dice.chance(vpc ? (gateway ? 0.9 : 0.6) : 0.4)) return { kind: 'open', address };
  return dice.chance(0.6) ? { kind: 'nat', address, port } : { kind: 'changing-nat', address };
}

/** Peers some of the clusters whose ranges differ; now and then only half of a peering is there. */
function peered(dice: Dice, sites: readonly Site[]): MeshCluster[] {
  const clusters = sites.map(({ cluster }) => cluster);
  const shared = (one: MeshCluster) =>
    clusters.some((other) => other !== one && other.vpcCidr === one.vpcCidr);
  const links = new Map(clusters.map((one) => [one.id, new Set<string>()]));
  for (const [at, one] of clusters.entries())
    for (const other of clusters.slice(at + 1)) {
      if (one.vpcCidr === null || other.vpcCidr === null || shared(one) || shared(other)) continue;
      if (!dice.chance(0.35)) continue;
      links.get(one.id)?.add(other.id);
      if (dice.chance(0.85)) links.get(other.id)?.add(one.id);
    }
  return clusters.map((one) => ({ ...one, peered: [...(links.get(one.id) ?? [])].sort(compareText) }));
}

function labelsOf(dice: Dice): Record<string, string> {
  return dice.chance(0.4) ? { tier: dice.pick(['web', 'db']) } : {};
}

function policyOf(dice: Dice, clusters: readonly MeshCluster[], peers: readonly MeshPeer[]): Policy {
  const atom = (): string => {
    const peer = dice.pick(peers);
    const home = clusters.find((one) => one.id === peer.clusterId)?.name;
    return dice.pick([
      'any',
      `cluster:${home}`,
      `peer:${peer.name}.${home}`,
      'label:tier=web',
      'label:tier=db',
    ]);
  };
  const side = () => (dice.chance(0.2) ? ['group:some'] : dice.some(1 + dice.below(2), atom));
  const rule = () => {
    const protocol = dice.pick(['any', 'tcp', 'udp', 'udp', 'icmp'] as const);
    const ported = protocol === 'tcp' || protocol === 'udp';
    return {
      action: dice.pick(['allow', 'deny'] as const),
      from: side(),
      to: side(),
      protocol,
      ports: ported && dice.chance(0.7) ? [dice.pick([...PORTS, '7001-7002', '7002-7003'])] : [],
    };
  };
  return Policy.parse({
    default: dice.chance(0.7) ? 'allow' : 'deny',
    withinCluster: dice.chance(0.8) ? 'allow' : 'deny',
    groups: { some: dice.some(dice.below(3), atom) },
    rules: dice.some(dice.below(5), rule),
  });
}

function withRelay(dice: Dice, peers: readonly MeshPeer[]): MeshPeer[] {
  const able = peers.filter((peer) => peer.publicAddress !== null);
  const relays = dice.chance(0.4) && able.length > 0 ? [dice.pick(able), dice.pick(able)] : [];
  return peers.map((peer) => (relays.includes(peer) ? { ...peer, relay: { allocations: [] } } : peer));
}

/** Every pair that needs relays has what the control plane would give it. */
function withRelays(snapshot: Snapshot, now: number): Snapshot {
  const byRelay = new Map<string, MeshAllocation[]>();
  for (const { relayId, allocation } of planRelays(snapshot, now).set)
    byRelay.set(relayId, [...(byRelay.get(relayId) ?? []), allocation]);
  const parts = [...snapshot.parts.values()];
  const peers = parts.flatMap((part) =>
    part.peers.map((peer) =>
      peer.relay ? { ...peer, relay: { allocations: byRelay.get(peer.id) ?? [] } } : peer,
    ),
  );
  return snapshotOf(
    1,
    snapshot.network,
    parts.map((part) => part.cluster),
    peers,
  );
}

/** The planned world with what nobody planned: NATs of all kinds, LANs, rules that are missing. */
function strange(dice: Dice, sites: readonly Site[], world: World): World {
  const standings = new Map<string, Standing>();
  for (const site of sites)
    for (const peer of site.peers) {
      const planned = world.standings.get(peer.id);
      const standing = planned && { ...planned, ...site.standings.get(peer.id) };
      if (standing) standings.set(peer.id, standing);
    }
  for (let holes = dice.chance(0.5) ? 1 + dice.below(3) : 0; holes > 0; holes -= 1) {
    const id = dice.pick([...standings.keys()]);
    const standing = standings.get(id);
    if (standing?.letsIn) standings.set(id, { ...standing, letsIn: lessened(dice, standing.letsIn) });
  }
  return { ...world, standings };
}

function lessened(dice: Dice, rules: NonNullable<Standing['letsIn']>): Standing['letsIn'] {
  if (rules.length === 0) return rules;
  const at = dice.below(rules.length);
  return rules.flatMap((rule, index) => {
    if (index !== at || dice.chance(0.1)) return [rule];
    if (dice.chance(0.4)) return [];
    if (dice.chance(0.3)) return rule.toPort > rule.fromPort ? [{ ...rule, toPort: rule.fromPort }] : [];
    const gone = dice.pick(rule.cidrs);
    const cidrs = rule.cidrs.filter((cidr) => cidr !== gone);
    return cidrs.length > 0 ? [{ ...rule, cidrs }] : [];
  });
}

function questionsOf(dice: Dice, snapshot: Snapshot): Question[] {
  const parts = [...snapshot.parts.values()];
  const peers = parts.flatMap((part) => part.peers);
  // Pings of one pair all take one way: with several gateways they would tell of that way alone.
  const pings = parts.every((part) => part.peers.filter((peer) => peer.role === 'gateway').length < 2);
  const pairs = peers.flatMap((from) => peers.filter((to) => to !== from).map((to) => ({ from, to })));
  return dice
    .shuffled(pairs)
    .slice(0, QUESTIONS)
    .map(({ from, to }) => {
      const turn = dice.below(10);
      const protocol = turn === 0 && pings ? 'icmp' : turn < 4 ? 'tcp' : 'udp';
      return { from: from.id, to: to.id, protocol, port: protocol === 'icmp' ? null : dice.pick(PORTS) };
    });
}
