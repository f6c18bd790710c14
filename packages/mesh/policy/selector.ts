/** Whom the words of a policy mean. */
import type { Policy } from '@skein/contract/rest/policy.ts';
import type { MeshCluster, MeshPeer, MeshRange } from '../network.ts';

/** A selector in parts. Groups are none: `membersOf` puts their members in their place. */
export type Atom =
  | { kind: 'any' }
  | { kind: 'cluster'; name: string }
  | { kind: 'peer'; name: string; cluster: string }
  | { kind: 'range'; name: string; cluster: string }
  /** The plain hosts that serve it, whether or not it answers there now. */
  | { kind: 'service'; key: string }
  | { kind: 'pods'; cluster: string }
  | { kind: 'label'; key: string; value: string };

/** Reads one selector that is no group; its form was checked by the contract. */
export function parseAtom(text: string): Atom {
  const [kind = '', rest = ''] = split(text, ':');
  if (kind === 'cluster') return { kind, name: rest };
  if (kind === 'service') return { kind, key: rest };
  if (kind === 'pods') return { kind, cluster: rest };
  if (kind === 'label') {
    const [key = '', value = ''] = split(rest, '=');
    return { kind, key, value };
  }
  if (kind === 'peer' || kind === 'range') {
    const [name = '', cluster = ''] = split(rest, '.');
    return { kind, name, cluster };
  }
  if (text === 'any') return { kind: 'any' };
  throw new RangeError(`not a selector: ${text}`);
}

/** The selectors of one side of a rule with groups spelled out. A group that is not there means nobody. */
export function membersOf(groups: Policy['groups'], selectors: readonly string[]): string[] {
  return selectors.flatMap((text) =>
    text.startsWith('group:')
      ? Object.hasOwn(groups, text.slice(6))
        ? (groups[text.slice(6)] ?? [])
        : []
      : [text],
  );
}

/** Whether one selector that is no group means this peer. Its own labels go before those of its cluster. */
export function means(atom: Atom, cluster: MeshCluster, peer: MeshPeer): boolean {
  switch (atom.kind) {
    case 'any':
      return true;
    case 'cluster':
      return atom.name === cluster.name;
    case 'peer':
      return atom.name === peer.name && atom.cluster === cluster.name;
    case 'label':
      return (labelOf(peer.labels, atom.key) ?? labelOf(cluster.labels, atom.key)) === atom.value;
    case 'service':
      return peer.services?.includes(atom.key) ?? false;
    case 'range':
    case 'pods':
      return false;
  }
}

/** The same for a cluster's pods, of which policies tell no node's from another's. */
export function meansPods(atom: Atom, cluster: MeshCluster): boolean {
  switch (atom.kind) {
    case 'any':
      return true;
    case 'cluster':
      return atom.name === cluster.name;
    case 'pods':
      return atom.cluster === cluster.name;
    case 'peer':
    case 'range':
    case 'service':
    case 'label':
      return false;
  }
}

/** The same for a range behind a cluster. Labels are peers' alone. */
export function meansRange(atom: Atom, cluster: MeshCluster, range: MeshRange): boolean {
  switch (atom.kind) {
    case 'any':
      return true;
    case 'cluster':
      return atom.name === cluster.name;
    case 'range':
      return atom.name === range.name && atom.cluster === cluster.name;
    case 'peer':
    case 'service':
    case 'pods':
    case 'label':
      return false;
  }
}

/** A label by its key; keys such as `constructor` are labels like any other. */
export function labelOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function split(text: string, at: string): [string, string] {
  const place = text.indexOf(at);
  return place < 0 ? [text, ''] : [text.slice(0, place), text.slice(place + 1)];
}
