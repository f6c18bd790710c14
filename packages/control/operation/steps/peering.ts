/**
 * Steps that peer the VPCs of clusters and take peerings back. Pairs are names of clusters, as `peeredPairs` gives
 * them: one step a pair makes both halves, for a half alone passes nothing. Agents hear of it last, when the rules let
 * them in that way: a tunnel that changed to a closed one would be silent until it is tried anew.
 */
import { type PlannedStep, planned } from './planned.ts';

export type Pair = readonly [string, string];

/**
 * @param after keys of steps that a pair's VPCs, and the private addresses of a cluster's gateways, wait for; those that
 *   the operation does not have are left out.
 */
export function peeringSteps(pairs: readonly Pair[], after: readonly PlannedStep[]): PlannedStep[] {
  const known = new Set(after.map((step) => step.key));
  const those = (keys: readonly string[]) => keys.filter((key) => known.has(key));
  const halves = pairs.map(([a, b]) =>
    planned('peering', {
      key: peeringKey([a, b]),
      title: `Peer the VPCs of ${a} and ${b}`,
      cluster: a,
      dependsOn: those([`${a}/network`, `${b}/network`]),
      input: { with: b },
    }),
  );
  const clusters = [...new Set(pairs.flat())].sort();
  // A rule for a gateway's private address can only be written when the gateway has one.
  const rules = clusters.map((name) => {
    const own = pairs.filter((pair) => pair.includes(name));
    return planned('firewall', {
      key: `${name}/firewall-peered`,
      title: `Let the gateways peered with ${name} in by their private addresses`,
      cluster: name,
      dependsOn: [
        ...those([...new Set(own.flat())].map((one) => `${one}/instances`)),
        ...those([`${name}/firewall`]),
        ...own.map(peeringKey),
      ],
    });
  });
  const uses = pairs.map(([a, b]) =>
    planned('peering', {
      key: `${a}/use-peering-${b}`,
      title: `Let the gateways of ${a} and ${b} call each other over the peering`,
      cluster: a,
      dependsOn: [`${a}/firewall-peered`, `${b}/firewall-peered`],
      input: { with: b, use: true },
    }),
  );
  return [...halves, ...rules, ...uses];
}

/**
 * Takes all peerings of these clusters back, then the rules that named private addresses of the others.
 * @param clusters names of every cluster that may be peered
 */
export function unpeeringSteps(clusters: readonly string[]): PlannedStep[] {
  const halves = clusters.map((name) => unpeerStep(name, {}));
  return [
    ...halves,
    ...clusters.map((name) =>
      planned('firewall', {
        key: `${name}/firewall`,
        title: `Set firewall rules of ${name}`,
        cluster: name,
        dependsOn: halves.map((step) => step.key),
      }),
    ),
  ];
}

/** The others' halves of the peerings of a cluster that is taken out. Its own halves go with its VPC. */
export function unpeerFromSteps(
  removed: { id: string; name: string },
  others: readonly string[],
): PlannedStep[] {
  return others.map((name) => unpeerStep(name, removed));
}

function unpeerStep(cluster: string, from: { id?: string; name?: string }): PlannedStep {
  return planned('delete', {
    key: from.name ? `${cluster}/unpeer-${from.name}` : `${cluster}/unpeer`,
    title: `End the peering of ${cluster} with ${from.name ?? 'all others'}`,
    cluster,
    dependsOn: [],
    input: from.id ? { keys: [`peering/${from.id}`] } : { kinds: ['peering'] },
    evenAfterFailure: true,
  });
}

const peeringKey = ([a, b]: Pair) => `${a}/peering-${b}`;
