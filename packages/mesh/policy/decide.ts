/** What a policy says of a flow. Reads the policy itself: the rules that agents get are proven against this. */
import { OWN_PORTS, type PolicyProtocol } from '@skein/contract/primitive.ts';
import type { Policy, PolicyDecision } from '@skein/contract/rest/policy.ts';
import type { ClusterPart, MeshPeer } from '../network.ts';
import { workOf } from '../topology/gateways.ts';
import { type Atom, means, membersOf, parseAtom } from './selector.ts';

/** One end of a flow. */
export interface End {
  readonly part: ClusterPart;
  readonly peer: MeshPeer;
}

/** What begins at one peer towards another. `port` is null for ping. */
export interface Flow {
  readonly protocol: Exclude<PolicyProtocol, 'any'>;
  readonly port: number | null;
}

/** Whether `from` may begin this towards `to`, another peer, and what decides that. */
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

/** Whether selectors, groups among them, mean a peer. */
export function isMeant(policy: Policy, selectors: readonly string[], end: End): boolean {
  return atomsOf(policy, selectors).some((atom) => means(atom, end.part.cluster, end.peer));
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
function ownService({ part, peer }: End, { protocol, port }: Flow): 'names' | 'probes' | null {
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
