/** A policy as agents get it: rules over sets of addresses, each agent those that concern it. */
import type { MapAddressSet, MapRule, MapSelf } from '@skein/contract/agent/map.ts';
import type { PolicyRule } from '@skein/contract/rest/policy.ts';
import { parseAddress, parseCidr, type Range } from '../ipam/cidr.ts';
import { type ClusterPart, compareText, type MeshPeer, type Snapshot } from '../network.ts';
import { podCidrOf, podCidrsOf, podsOf } from '../pods/carry.ts';
import { carriedBy, rangesCidrOf } from '../range/carriers.ts';
import { cidrsOf, covers, type Span, spansOf, touches } from './ranges.ts';
import { labelOf, means, meansPods, meansRange, membersOf, parseAtom } from './selector.ts';

/** Ranges that the sets of one policy may come to: what an agent must hold and put before its kernel. */
export const MOST_RANGES = 10_000;

interface CompiledSet {
  readonly set: MapAddressSet;
  readonly spans: readonly Span[];
}
interface CompiledRule {
  readonly action: MapRule['action'];
  readonly protocol: MapRule['protocol'];
  readonly ports: MapRule['ports'];
  readonly from: CompiledSet;
  readonly to: CompiledSet;
}

/** What one agent's map says of the policy. */
export interface AgentPolicy {
  readonly self: Pick<MapSelf, 'rules' | 'passing' | 'defaults'>;
  /** The sets that its rules speak of, by id. */
  readonly addressSets: MapAddressSet[];
}

/**
 * The part of the policy that concerns one agent.
 * @param forwards it passes on what goes between its cluster and others
 */
export function policyFor(
  snapshot: Snapshot,
  part: ClusterPart,
  self: MeshPeer,
  forwards: boolean,
): AgentPolicy {
  const { policy } = snapshot.network;
  const address = parseAddress(self.overlayAddress);
  const { overlayCidr, ranges } = part.cluster;
  const judged = [
    ...(forwards
      ? [overlayCidr, ...ranges.map((range) => range.overlayCidr), ...podCidrOf(part.cluster)]
      : []),
    ...carriedBy(snapshot.network.topology, part, self).map((range) => range.overlayCidr),
    ...podsOf(part, self),
  ].map(parseCidr);
  const concerns = ({ spans }: CompiledSet) => judged.some((range) => touches(spans, range));
  const sets = new Map<string, MapAddressSet>();
  const ruleOf = (rule: CompiledRule, whole: boolean): MapRule => {
    for (const { set } of whole ? [rule.from, rule.to] : [rule.from]) sets.set(set.id, set);
    const { action, protocol, ports } = rule;
    return { action, protocol, ports: [...ports], from: rule.from.set.id, to: whole ? rule.to.set.id : null };
  };
  const compiled = compiledRules(snapshot);
  const rules = compiled.filter((rule) => covers(rule.to.spans, address)).map((rule) => ruleOf(rule, false));
  const passing = compiled
    .filter((rule) => concerns(rule.from) || concerns(rule.to))
    .map((rule) => ruleOf(rule, true));
  return {
    self: {
      rules,
      passing,
      defaults: { withinCluster: policy.withinCluster, elsewhere: policy.default },
    },
    addressSets: [...sets.values()].sort((a, b) => compareText(a.id, b.id)),
  };
}

/** How many ranges all sets of the policy come to; more than `MOST_RANGES` should not be saved. */
export function rangesIn(snapshot: Snapshot): number {
  const sets = new Map<string, number>();
  for (const { from, to } of compiledRules(snapshot))
    for (const { set } of [from, to]) sets.set(set.id, set.cidrs.length);
  return [...sets.values()].reduce((sum, count) => sum + count, 0);
}

/**
 * Clusters in which a peer may get another map because a set of addresses differs: a label, a peer or a name came or
 * went somewhere else. Both snapshots have the same policy.
 * @param touched clusters whose part differs between the two
 */
export function clustersConcerned(
  before: Snapshot,
  after: Snapshot,
  touched: ReadonlySet<string>,
): Set<string> {
  const concerned = new Set<string>();
  const { policy } = after.network;
  for (const rule of policy.rules) {
    const [fromDiffers, toDiffers] = [rule.from, rule.to].map((side) => {
      const atoms = membersOf(policy.groups, side);
      return (
        !atoms.includes('any') &&
        [...touched].some((id) => sideIn(before, id, atoms) !== sideIn(after, id, atoms))
      );
    });
    if (!fromDiffers && !toDiffers) continue;
    // Peers of `to` hold the set of `from`; gateways of both hold both.
    for (const side of [rule.from, rule.to])
      for (const [id, part] of after.parts)
        if (rangesInPart(part, membersOf(policy.groups, side)).length > 0) concerned.add(id);
  }
  return concerned;
}

const ruleMemo = new WeakMap<Snapshot, readonly CompiledRule[]>();

/** Rules that mean anybody on both sides, in order. */
function compiledRules(snapshot: Snapshot): readonly CompiledRule[] {
  let rules = ruleMemo.get(snapshot);
  if (!rules) {
    const sets = new Map<string, CompiledSet>();
    const setOf = (selectors: readonly string[]): CompiledSet => {
      const atoms = membersOf(snapshot.network.policy.groups, selectors);
      const id = atoms.includes('any') ? 'any' : [...new Set(selectors)].sort(compareText).join(' ');
      let found = sets.get(id);
      if (!found) {
        found = compiledSet(snapshot, id, atoms);
        sets.set(id, found);
      }
      return found;
    };
    rules = snapshot.network.policy.rules
      .map((rule) => ({
        action: rule.action,
        protocol: rule.protocol,
        ports: portsOf(rule.ports),
        from: setOf(rule.from),
        to: setOf(rule.to),
      }))
      .filter((rule) => rule.from.spans.length > 0 && rule.to.spans.length > 0);
    ruleMemo.set(snapshot, rules);
  }
  return rules;
}

function compiledSet(snapshot: Snapshot, id: string, atoms: readonly string[]): CompiledSet {
  const ranges =
    id === 'any'
      ? [snapshot.network.cidr, rangesCidrOf(snapshot) ?? snapshot.network.cidr, ...podCidrsOf(snapshot)].map(
          parseCidr,
        )
      : [...snapshot.parts.values()].flatMap((part) => rangesInPart(part, atoms));
  const spans = spansOf(ranges);
  return { set: { id, cidrs: cidrsOf(spans) }, spans };
}

// A part never changes, so what a selector means in it is looked for once.
const partMemo = new WeakMap<ClusterPart, Map<string, readonly Range[]>>();

function rangesInPart(part: ClusterPart, atoms: readonly string[]): Range[] {
  let memo = partMemo.get(part);
  if (!memo) {
    memo = new Map();
    partMemo.set(part, memo);
  }
  const ranges: Range[] = [];
  for (const text of atoms) {
    let own = memo.get(text);
    if (!own) {
      own = rangesOfAtom(part, text);
      memo.set(text, own);
    }
    ranges.push(...own);
  }
  return ranges;
}

/**
 * Whoever means a cluster as a whole gets its range, so that a peer that comes or goes changes nothing elsewhere, the
 * translated ranges of what is behind it, and the one of its pods.
 */
function rangesOfAtom(part: ClusterPart, text: string): Range[] {
  const atom = parseAtom(text);
  const whole = [parseCidr(part.cluster.overlayCidr)];
  const behind = part.cluster.ranges.filter((range) => meansRange(atom, part.cluster, range));
  const ranges = behind.map((range) => parseCidr(range.overlayCidr));
  if (meansPods(atom, part.cluster)) ranges.push(...podCidrOf(part.cluster).map(parseCidr));
  if (atom.kind === 'any') return [...whole, ...ranges];
  if (atom.kind === 'cluster') return atom.name === part.cluster.name ? [...whole, ...ranges] : [];
  if (atom.kind === 'range' || atom.kind === 'pods') return ranges;
  const labelled = atom.kind === 'label' && labelOf(part.cluster.labels, atom.key) === atom.value;
  const meant = part.peers.filter((peer) => means(atom, part.cluster, peer));
  if (labelled && meant.length === part.peers.length) return whole;
  return meant.map((peer) => ({ first: parseAddress(peer.overlayAddress), prefixLength: 32 }));
}

function sideIn(snapshot: Snapshot, clusterId: string, atoms: readonly string[]): string {
  const part = snapshot.parts.get(clusterId);
  return part ? cidrsOf(spansOf(rangesInPart(part, atoms))).join() : '';
}

/** First and last of each run of ports, in order and apart. */
function portsOf(ports: PolicyRule['ports']): MapRule['ports'] {
  const runs = ports
    .map((one): [number, number] => {
      const [first = 0, last = first] = String(one).split('-').map(Number);
      return [first, last];
    })
    .sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [first, last] of runs) {
    const before = merged.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}
