import { WIREGUARD_PORT } from '@skein/contract/primitive.ts';
import type { ClusterKubernetes } from '@skein/contract/rest/kubernetes.ts';
import type { PlanAction, PlannedRule } from '@skein/contract/rest/network.ts';
import { kubernetesPorts } from '@skein/kubernetes/cni.ts';
import type { ClusterCallers } from '@skein/mesh/firewall/callers.ts';
import { clusterRules } from '@skein/mesh/firewall/cluster.ts';
import { compareText } from '@skein/mesh/network.ts';
import { z } from 'zod';
import type { PlannedStep } from '../../operation/steps/planned.ts';
import { isDeleted, isMade } from './reach.ts';
import { Rows } from './rows.ts';
import { callersIn, cloudClusters, type HeldRow, type Shape } from './shape.ts';
import { GROUPS } from './things.ts';
import type { Unknowns } from './unknowns.ts';

type Rule = z.infer<typeof PlannedRule>;
type Group = Rule['group'];
type Permission = Pick<Rule, 'protocol' | 'fromPort' | 'toPort' | 'source'>;

/** What the row of a group says was asked of the cloud last. */
const Written = z.object({
  rules: z.array(
    z.object({
      protocol: z.enum(['udp', 'tcp']),
      fromPort: z.int(),
      toPort: z.int(),
      cidrs: z.array(z.string()),
    }),
  ),
});

/** Every permission of every group: those that come, those that go, those that stay. */
export function plannedRules(
  before: Shape,
  after: Shape,
  rows: readonly HeldRow[],
  steps: readonly PlannedStep[],
  unknowns: Unknowns,
): Rule[] {
  const callers = callersIn(after);
  const planned: Rule[] = [];
  const held = new Rows(rows);
  const clusters = new Map([...cloudClusters(before), ...cloudClusters(after)].map((one) => [one.id, one]));
  for (const cluster of clusters.values())
    for (const group of GROUPS) {
      const thing = { kind: 'firewall', key: `firewall/${group}`, cluster: cluster.name } as const;
      const row = held.at(cluster.id, thing.key);
      const old = row ? writtenIn(row) : [];
      const wanted = isDeleted(thing, steps)
        ? []
        : isMade(thing, steps)
          ? wantedOf(group, cluster, callers.get(cluster.id), unknowns)
          : old;
      planned.push(...compared(cluster.name, group, old, wanted));
    }
  return planned.sort(compareRules);
}

function wantedOf(
  group: Group,
  cluster: { vpcCidr: string; kubernetes: ClusterKubernetes | null },
  callers: ClusterCallers | undefined,
  unknowns: Unknowns,
): Permission[] {
  // One that is being removed lets nobody in.
  if (!callers) return [];
  const { planes } = callers;
  const { vpcCidr, kubernetes } = cluster;
  const inside = kubernetes ? kubernetesPorts(kubernetes, group) : [];
  const rules = clusterRules({ vpcCidr, wireguardPort: WIREGUARD_PORT, planes, inside }, callers[group]);
  return permissionsOf(rules).map((one) => ({ ...one, source: unknowns.say(one.source) }));
}

function writtenIn(row: HeldRow): Permission[] {
  return permissionsOf(Written.safeParse(row.spec).data?.rules ?? []);
}

function permissionsOf(
  rules: readonly Readonly<{
    protocol: 'udp' | 'tcp';
    fromPort: number;
    toPort: number;
    cidrs: readonly string[];
  }>[],
): Permission[] {
  return rules.flatMap(({ protocol, fromPort, toPort, cidrs }) =>
    cidrs.map((source) => ({ protocol, fromPort, toPort, source })),
  );
}

function compared(
  cluster: string,
  group: Group,
  old: readonly Permission[],
  wanted: readonly Permission[],
): Rule[] {
  const keyOf = (one: Permission) => `${one.protocol} ${one.fromPort} ${one.toPort} ${one.source}`;
  const [was, will] = [old, wanted].map((list) => new Map(list.map((one) => [keyOf(one), one])));
  const all = new Map([...(was ?? []), ...(will ?? [])]);
  const actionOf = (key: string): z.infer<typeof PlanAction> =>
    !was?.has(key) ? 'create' : will?.has(key) ? 'keep' : 'destroy';
  return [...all].map(([key, one]) => ({ action: actionOf(key), cluster, group, ...one }));
}

function compareRules(a: Rule, b: Rule): number {
  return (
    compareText(a.cluster, b.cluster) ||
    compareText(a.group, b.group) ||
    compareText(a.protocol, b.protocol) ||
    a.fromPort - b.fromPort ||
    compareText(a.source, b.source)
  );
}
