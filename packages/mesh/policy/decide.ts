/** What a policy says of a flow. Reads the policy itself: the rules that agents get are proven against this. */
import { OWN_PORTS, type PolicyProtocol } from '@skein/contract/primitive.ts';
import type { Policy, PolicyDecision } from '@skein/contract/rest/policy.ts';
import type { ClusterPart, MeshPeer, MeshRange } from '../network.ts';
import { podCidrOf } from '../pods/carry.ts';
import { workOf } from '../topology/gateways.ts';
import { type Atom, means, meansPods, meansRange, membersOf, parseAtom } from './selector.ts';

/** A peer as one end of a flow. */
export interface PeerEnd {
  readonly part: ClusterPart;
  readonly peer: MeshPeer;
}

/** One end of a flow: a peer, whoever is in a range behind a cluster, or a cluster's pods. */
export type End =
  | PeerEnd
  | { readonly part: ClusterPart; readonly range: MeshRange }
  | { readonly part: ClusterPart; readonly pods: true };

/** All that flows may begin or end at in one cluster. */
export function endsIn(part: ClusterPart): End[] {
  return [
    ...part.peers.map((peer): End => ({ part, peer })),
    ...part.cluster.ranges.map((range): End => ({ part, range })),
    ...podCidrOf(part.cluster).map((): End => ({ part, pods: true })),
  ];
}

/** Whether nothing of the overlay lies between two ends. */
export function isSameEnd(a: End, b: End): boolean {
  if ('peer' in a) return 'peer' in b && a.peer === b.peer;
  if ('range' in a) return 'range' in b && a.range === b.range;
  return 'pods' in b && a.part === b.part;
}

/** What begins at one peer towards another. `port` is null for ping. */
export interface Flow {
  readonly protocol: Exclude<PolicyProtocol, 'any'>;
  readonly port: number | null;
}

/** Whether `from` may begin this towards `to`, another end, and what decides that. */
export function decide(policy: Policy, from: End, to: End, flow: Flow): PolicyDecision {
  const service = ownService(to, flow);
  return service
    ? { verdict: 'allow', by: { kind: 'own-service', service } }
    : decideByRules(policy, from, to, flow);
}

/** The same as far as the policy has a say. */
export function decideByRules(policy: Policy, from: End, to: End, flow: Flow): PolicyDecision {
  for (const [index, rule] of policy.rules.entries()) {
    if (rule.protocol !== 'any' && rule.protocol !== flow.protocol) continue;
    if (!hasPort(rule.ports, flow.port)) continue;
    if (!isMeant(policy, rule.from, from) || !isMeant(policy, rule.to, to)) continue;
    return { verdict: rule.action, by: { kind: 'rule', index, name: rule.name ?? null } };
  }
  return from.part.cluster.id === to.part.cluster.id
    ? { verdict: policy.withinCluster, by: { kind: 'within-cluster' } }
    : { verdict: policy.default, by: { kind: 'default' } };
}

/** Whether selectors, groups among them, mean a peer, a range or a cluster's pods. */
export function isMeant(policy: Policy, selectors: readonly string[], end: End): boolean {
  const { cluster } = end.part;
  return atomsOf(policy, selectors).some((atom) => {
    if ('peer' in end) return means(atom, cluster, end.peer);
    return 'range' in end ? meansRange(atom, cluster, end.range) : meansPods(atom, cluster);
  });
}

const atomMemo = new WeakMap<Policy, WeakMap<readonly string[], Atom[]>>();

/** Selectors are read once for each policy. */
function atomsOf(policy: Policy, selectors: readonly string[]): Atom[] {
  let memo = atomMemo.get(policy);
  if (!memo) {
    memo = new WeakMap();
    atomMemo.set(policy, memo);
  }
  let atoms = memo.get(selectors);
  if (!atoms) {
    atoms = membersOf(policy.groups, selectors).map(parseAtom);
    memo.set(selectors, atoms);
  }
  return atoms;
}

/** Gateways answer names, and every agent the probes of the others, whatever the policy says. */
function ownService(to: End, { protocol, port }: Flow): 'names' | 'probes' | null {
  if (!('peer' in to)) return null;
  const { part, peer } = to;
  if (protocol !== 'icmp' && port === OWN_PORTS.names && workOf(part, peer) === 'gateway') return 'names';
  return protocol === 'udp' && OWN_PORTS.probes.some((one) => one === port) ? 'probes' : null;
}

function hasPort(ports: Policy['rules'][number]['ports'], port: number | null): boolean {
  if (ports.length === 0) return true;
  return ports.some((one) => {
    const [first = 0, last = first] = String(one).split('-').map(Number);
    return port !== null && first <= port && port <= last;
  });
}
