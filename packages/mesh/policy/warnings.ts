/** What a person should know of a policy that may be saved all the same. */
import type { Policy } from '@skein/contract/rest/policy.ts';
import type { Snapshot } from '../network.ts';
import { parseAtom } from './selector.ts';

/** Names that nobody bears (yet), and groups that no rule uses. */
export function policyWarnings(snapshot: Snapshot, policy: Policy): string[] {
  const clusters = new Map([...snapshot.parts.values()].map((part) => [part.cluster.name, part]));
  const sides = policy.rules.flatMap((rule) => [...rule.from, ...rule.to]);
  const used = new Set([...sides, ...policy.tests.flatMap((test) => [test.from, test.to])]);
  const warnings: string[] = [];
  for (const text of new Set([...sides, ...Object.values(policy.groups).flat()])) {
    if (text.startsWith('group:')) continue;
    const atom = parseAtom(text);
    if (atom.kind === 'cluster' && !clusters.has(atom.name))
      warnings.push(`${text}: there is no such cluster.`);
    if (atom.kind === 'peer' && !clusters.get(atom.cluster)?.peers.some((peer) => peer.name === atom.name))
      warnings.push(`${text}: no peer of this name has joined.`);
    if (
      atom.kind === 'range' &&
      !clusters.get(atom.cluster)?.cluster.ranges.some(({ name }) => name === atom.name)
    )
      warnings.push(`${text}: there is no such range.`);
    if (atom.kind === 'service' && !isServed(snapshot, atom.key))
      warnings.push(`${text}: no plain host that has joined serves it.`);
    if (atom.kind === 'pods' && !clusters.get(atom.cluster)?.cluster.podCidr)
      warnings.push(`${text}: there is no such cluster, or it has no pods.`);
    if (atom.kind === 'label' && !isBorne(snapshot, atom.key, atom.value))
      warnings.push(`${text}: no cluster and no peer that has joined bears this label.`);
  }
  for (const name of Object.keys(policy.groups))
    if (!used.has(`group:${name}`)) warnings.push(`group:${name}: nothing speaks of this group.`);
  return warnings;
}

function isServed(snapshot: Snapshot, key: string): boolean {
  return [...snapshot.parts.values()].some(({ peers }) =>
    peers.some(({ services }) => services?.includes(key)),
  );
}

function isBorne(snapshot: Snapshot, key: string, value: string): boolean {
  return [...snapshot.parts.values()].some(({ cluster, peers }) =>
    [cluster, ...peers].some(({ labels }) => Object.hasOwn(labels, key) && labels[key] === value),
  );
}
