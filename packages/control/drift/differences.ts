/**
 * Drift, purely: what a resource should be against what its cloud says of it, field by field and in words.
 * This file knows no cloud and no database; `expected.ts` reads the one side from our books, `look.ts` the other.
 */
import type {
  AddressState,
  FirewallRule,
  FirewallState,
  InstanceState,
  NetworkState,
  PeeringState,
} from '@skein/clouds/provider.ts';
import type { AddressRecord, ZoneState } from '@skein/dns/provider.ts';

export interface Difference {
  field: string;
  expected: string;
  found: string;
}

/** What is there and what should be, of one kind. `found` undefined: the cloud does not have it. */
export type Pair =
  | { kind: 'network'; expected: NetworkState; found: NetworkState | undefined }
  | { kind: 'peering'; expected: PeeringState; found: PeeringState | undefined }
  | {
      kind: 'firewall';
      /** `rules` is what we asked for last, not what the cloud answered to it. */
      expected: Pick<FirewallState, 'externalId' | 'rules'>;
      found: FirewallState | undefined;
    }
  | { kind: 'address'; expected: AddressState; found: AddressState | undefined }
  | { kind: 'instance'; expected: WantedInstance; found: InstanceState | undefined }
  | { kind: 'zone'; expected: ZoneState; found: ZoneState | undefined }
  | {
      kind: 'record';
      expected: readonly AddressRecord[];
      found: readonly AddressRecord[] | undefined;
    };

export interface WantedInstance {
  externalId: string;
  privateAddress: string;
  role: 'gateway' | 'member';
  /** The reserved address of a gateway; null where it only has a passing one. */
  publicAddress: string | null;
}

export interface Drift {
  what: 'missing' | 'changed';
  differences: Difference[];
}

/** What is off, or null where all is as it should be. The same input gives the same words in the same order. */
export function driftOf(pair: Pair): Drift | null {
  if (pair.found === undefined)
    return { what: 'missing', differences: [{ field: 'existence', expected: 'there', found: 'not there' }] };
  const differences = differencesOf(pair);
  return differences.length > 0 ? { what: 'changed', differences } : null;
}

/**
 * What two looks some seconds apart agree on, as the second saw it: clouds answer of what was a moment ago, and one miss
 * is no proof that something is gone.
 */
export function agreed(first: Drift, second: Drift | null): Drift | null {
  if (second === null || first.what !== second.what) return null;
  const before = new Set(first.differences.map((one) => one.field));
  const differences = second.differences.filter((one) => before.has(one.field));
  return differences.length > 0 ? { what: second.what, differences } : null;
}

function differencesOf(pair: Pair): Difference[] {
  const { found } = pair;
  if (found === undefined) return [];
  switch (pair.kind) {
    case 'network': {
      const now = found as NetworkState;
      return [
        ...identity(pair.expected, now),
        ...text('subnet', pair.expected.subnetId, now.subnetId || 'none'),
        ...text('range', pair.expected.cidr, now.cidr),
      ];
    }
    case 'peering': {
      const now = found as PeeringState;
      return [
        ...identity(pair.expected, now),
        ...text('state', pair.expected.active ? 'active' : 'inactive', now.active ? 'active' : 'inactive'),
        ...text('routes', listed(pair.expected.cidrs), listed(now.cidrs)),
      ];
    }
    case 'firewall':
      return firewallDifferences(pair.expected, found as FirewallState);
    case 'address':
      return [
        ...identity(pair.expected, found as AddressState),
        ...text('address', pair.expected.address, (found as AddressState).address),
      ];
    case 'instance':
      return instanceDifferences(pair.expected, found as InstanceState);
    case 'zone': {
      const now = found as ZoneState;
      return [
        ...identity(pair.expected, now),
        ...text('name', pair.expected.name, now.name),
        ...text('visibility', pair.expected.visibility, now.visibility),
      ];
    }
    case 'record':
      return recordDifferences(pair.expected, found as readonly AddressRecord[]);
  }
}

function text(field: string, expected: string, found: string): Difference[] {
  return expected === found ? [] : [{ field, expected, found }];
}

/** Another one stands in its place, under our tag. */
const identity = (expected: { externalId: string }, found: { externalId: string }) =>
  text('id in the cloud', expected.externalId, found.externalId);

const listed = (values: readonly string[]) => [...new Set(values)].sort().join(', ') || 'none';

function firewallDifferences(
  expected: Pick<FirewallState, 'externalId' | 'rules'>,
  found: FirewallState,
): Difference[] {
  const wanted = sourcesOf(expected.rules);
  const held = sourcesOf(found.rules);
  const ports = [...new Set([...wanted.keys(), ...held.keys()])].sort();
  return [
    ...identity(expected, found),
    ...ports.flatMap((port) => {
      const from = (sources: ReadonlySet<string> | undefined) =>
        sources ? `open from ${listed([...sources])}` : 'closed';
      return text(port, from(wanted.get(port)), from(held.get(port)));
    }),
    ...text('other ingress', 'none', listed(found.foreign)),
  ];
}

/** “UDP 51820” and the ranges that it is open from. */
function sourcesOf(rules: readonly FirewallRule[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { protocol, fromPort, toPort, cidrs } of rules) {
    const port = `${protocol.toUpperCase()} ${fromPort === toPort ? fromPort : `${fromPort}-${toPort}`}`;
    const sources = found.get(port) ?? new Set();
    for (const cidr of cidrs) sources.add(cidr);
    if (sources.size > 0) found.set(port, sources);
  }
  return found;
}

function instanceDifferences(expected: WantedInstance, found: InstanceState): Difference[] {
  const forwards = (yes: boolean) => (yes ? 'allowed' : 'not allowed');
  return [
    ...identity(expected, found),
    ...text('state', 'running', found.running ? 'running' : 'not running'),
    // A stopped machine may show no addresses at all.
    ...(found.running
      ? text('private address', expected.privateAddress, found.privateAddress || 'none')
      : []),
    ...(expected.publicAddress === null
      ? []
      : text('public address', expected.publicAddress, found.publicAddress ?? 'none')),
    ...text('forwarding of others’ packets', forwards(expected.role === 'gateway'), forwards(found.forwards)),
  ];
}

function recordDifferences(
  expected: readonly AddressRecord[],
  found: readonly AddressRecord[],
): Difference[] {
  const answers = (records: readonly AddressRecord[]) =>
    new Map(
      records
        .filter((one) => one.addresses.length > 0)
        .map((one) => [one.name, `${listed(one.addresses)} for ${one.ttlSeconds} s`]),
    );
  const wanted = answers(expected);
  const held = answers(found);
  const names = [...new Set([...wanted.keys(), ...held.keys()])].sort();
  return names.flatMap((name) => text(name, wanted.get(name) ?? 'no record', held.get(name) ?? 'no record'));
}
