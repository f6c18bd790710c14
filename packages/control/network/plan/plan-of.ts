import { REGISTRY } from '@skein/clouds/registry.ts';
import type { NetworkPlan } from '@skein/contract/rest/network.ts';
import type { Change } from './after/change.ts';
import { blastRadius } from './blast-radius.ts';
import { plannedCost } from './cost.ts';
import { planHash } from './hash.ts';
import { PRICES } from './price/2026-11.ts';
import { plannedRecords } from './records.ts';
import { leftUndone, plannedResources } from './resources.ts';
import { plannedRules } from './rules.ts';
import type { Book } from './shape.ts';
import { plannedWarnings } from './warnings.ts';

const DEFAULT_TYPES = {
  aws: REGISTRY.aws.provider.defaultInstanceType,
  gcp: REGISTRY.gcp.provider.defaultInstanceType,
  azure: REGISTRY.azure.provider.defaultInstanceType,
};

/**
 * The whole plan of a change, purely: the same books and the same wish give the same plan.
 * @param otherRanges overlay ranges of the organization's other networks
 */
export function planOf(book: Book, change: Change, otherRanges: readonly string[]): NetworkPlan {
  const { shape: before, rows, accounts } = book;
  const { after, steps, unknowns } = change;
  const rules = plannedRules(before, after, rows, steps, unknowns);
  const records = plannedRecords(before, after, rows, steps, unknowns);
  const resources = plannedResources(before, after, rows, steps, { rules, records });
  const told = { resources, rules, records };
  return {
    cidr: after.cidr,
    clusters: after.clusters.map(({ name, vpcCidr, overlayCidr, kubernetes }) => ({
      name,
      vpcCidr,
      overlayCidr,
      kubernetes,
    })),
    ...told,
    cost: plannedCost(before, after, PRICES, DEFAULT_TYPES),
    blastRadius: blastRadius(before, after),
    steps: steps.map(({ key, title, dependsOn }) => ({ key, title, dependsOn })),
    warnings: [...plannedWarnings(before, after, accounts, otherRanges, told), ...unfinished(book, change)],
    hash: planHash(after, told, steps),
  };
}

/** What an earlier operation left unmade is not made by the way. */
function unfinished({ rows }: Book, { after, steps }: Change): NetworkPlan['warnings'] {
  const things = leftUndone(after, rows, steps).filter((thing) => !thing.theirs);
  if (things.length === 0) return [];
  const names = things.map((one) => `${one.cluster === null ? '' : `${one.cluster}/`}${one.key}`);
  const message = `An earlier operation has not made ${names.join(', ')}, and this one does not either: retry its failed step.`;
  return [{ code: 'unknown', message }];
}
