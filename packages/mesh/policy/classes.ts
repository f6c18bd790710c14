/** Peers and ranges that policies cannot tell apart, so that a question about all pairs is asked once for each pair of classes. */
import type { Policy } from '@skein/contract/rest/policy.ts';
import type { Snapshot } from '../network.ts';
import { workOf } from '../topology/gateways.ts';
import { type End, endsIn, isMeant } from './decide.ts';

/** Peers of one cluster, doing the same work, or ranges of it, which the same selectors mean. Never empty. */
export interface PeerClass {
  readonly ends: readonly [End, ...End[]];
}

/** @param further selectors beside those of the policies' rules, read as the first policy reads them */
export function classesOf(
  snapshot: Snapshot,
  policies: readonly [Policy, ...Policy[]],
  further: readonly string[] = [],
): PeerClass[] {
  const classes = new Map<string, [End, ...End[]]>();
  const questions = [
    ...policies.flatMap((policy) =>
      policy.rules.flatMap((rule) => [rule.from, rule.to].map((side) => ({ policy, side }))),
    ),
    ...further.map((text) => ({ policy: policies[0], side: [text] })),
  ];
  for (const part of snapshot.parts.values())
    for (const end of endsIn(part)) {
      const bits = questions.map(({ policy, side }) => (isMeant(policy, side, end) ? '1' : '0')).join('');
      const key = `${part.cluster.id} ${'peer' in end ? workOf(part, end.peer) : 'range' in end ? 'range' : 'pods'} ${bits}`;
      const mates = classes.get(key);
      if (mates) mates.push(end);
      else classes.set(key, [end]);
    }
  return [...classes.values()].map((ends) => ({ ends }));
}

/** Pairs of different ends, one for each pair of classes that has any. */
export function* pairsOf(from: readonly PeerClass[], to: readonly PeerClass[]): Generator<[End, End]> {
  for (const one of from)
    for (const other of to) {
      const far = one === other ? other.ends[1] : other.ends[0];
      if (far) yield [one.ends[0], far];
    }
}
