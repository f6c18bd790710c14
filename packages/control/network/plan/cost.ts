import type { ProviderId } from '@skein/contract/primitive.ts';
import type { CostLine, NetworkPlan } from '@skein/contract/rest/network.ts';
import type { z } from 'zod';
import { peeredClusters } from './peered.ts';
import type { PriceTable, RegionPrices } from './price/table.ts';
import { cloudClusters, type Shape } from './shape.ts';

type Line = z.infer<typeof CostLine>;
type CloudCluster = ReturnType<typeof cloudClusters>[number];

export const HOURS_A_MONTH = 730;
const NOT_COUNTED = 'Disks of the nodes, DNS queries, taxes, discounts and free tiers.';

/** Titles short enough for a line. */
const TITLES: Record<ProviderId, string> = { aws: 'AWS', gcp: 'Google Cloud', azure: 'Azure' };

/**
 * What the network costs a month by list prices, before and after. What is paid by the GB is told with its price and a
 * quantity of 0, since nobody knows how much will flow.
 * @param defaultTypes the instance type of each provider where a cluster names none
 */
export function plannedCost(
  before: Shape,
  after: Shape,
  prices: PriceTable,
  defaultTypes: Readonly<Record<ProviderId, string>>,
): NetworkPlan['cost'] {
  const was = priced(before, prices, defaultTypes);
  const will = priced(after, prices, defaultTypes);
  return {
    pricesOf: prices.day,
    beforeUsd: sum(was.lines),
    afterUsd: sum(will.lines),
    lines: will.lines,
    leftOut: will.lines.length > 0 ? [...will.leftOut, NOT_COUNTED] : will.leftOut,
  };
}

function priced(
  shape: Shape,
  prices: PriceTable,
  defaultTypes: Readonly<Record<ProviderId, string>>,
): { lines: Line[]; leftOut: string[] } {
  const lines: Line[] = [];
  const leftOut: string[] = [];
  for (const [place, clusters] of byRegion(shape)) {
    const { provider, region } = place;
    const of = prices.providers[provider];
    const here = of.regions[region];
    const line = (what: string, quantity: number, unit: string, unitUsd: number) =>
      lines.push({ what, provider, region, quantity, unit, unitUsd, monthlyUsd: cents(quantity * unitUsd) });

    const nodes = clusters.flatMap((cluster) =>
      cluster.peers.filter((peer) => peer.managed).map(() => cluster.instanceType ?? defaultTypes[provider]),
    );
    for (const [type, count] of counted(nodes)) {
      const hour = here?.instances[type];
      const what = `${count} × ${type}`;
      if (hour === undefined) leftOut.push(`${what} in ${region} of ${TITLES[provider]}: no price is known.`);
      else line(what, count * HOURS_A_MONTH, 'hour', hour);
    }
    // Members have a passing address each for what they send to the internet; it costs what a reserved one does.
    const addresses = `${nodes.length} public IPv4 ${nodes.length === 1 ? 'address' : 'addresses'}`;
    if (nodes.length > 0) line(addresses, nodes.length * HOURS_A_MONTH, 'hour', of.publicAddressHour);
    if (!here) leftOut.push(`Traffic from ${region} of ${TITLES[provider]}: no price is known.`);
    else if (nodes.length > 0)
      for (const [what, unitUsd] of transfers(shape, clusters, here)) line(what, 0, 'GB', unitUsd);
  }
  lines.push(...zones(shape, prices));
  if (shape.dns && !(shape.dns.provider in prices.providers))
    leftOut.push('The public zone: it is on a name server of your own.');
  return { lines, leftOut };
}

/** Ways out of a region that the network may use, each with its price a GB. */
function transfers(shape: Shape, here: readonly CloudCluster[], prices: RegionPrices): [string, number][] {
  const [first] = here;
  if (!first) return [];
  const same = cloudClusters(shape).filter((other) => other.provider === first.provider);
  const elsewhere = same.some((other) => other.region !== first.region);
  const peered = new Set(here.flatMap((one) => peeredClusters(shape, one)));
  const ways: [string, number | false][] = [
    ['Traffic to the internet and to other clouds', prices.internetGb],
    [`Traffic to other regions of ${TITLES[first.provider]}`, elsewhere && prices.otherRegionGb],
    ['Traffic between zones of the region', here.length > 1 && prices.otherZoneGb],
    [
      'VPC peering within the region',
      [...peered].some((far) => far.region === first.region) && prices.peeringGb,
    ],
    [
      'VPC peering to other regions',
      [...peered].some((far) => far.region !== first.region) && prices.otherRegionPeeringGb,
    ],
  ];
  return ways.filter((way): way is [string, number] => way[1] !== false);
}

/** Private zones are in each cluster's own account, the public one where the network says. */
function zones(shape: Shape, { providers }: PriceTable): Line[] {
  const all = cloudClusters(shape).map((cluster): string => cluster.provider);
  if (shape.dns) all.push(shape.dns.provider);
  return [...counted(all)].flatMap(([name, quantity]) => {
    const provider = name as ProviderId;
    const unitUsd = providers[provider]?.hostedZoneMonth;
    if (unitUsd === undefined) return [];
    const what = `${quantity} hosted ${quantity === 1 ? 'zone' : 'zones'}`;
    const monthlyUsd = cents(quantity * unitUsd);
    return [{ what, provider, region: 'global', quantity, unit: 'month', unitUsd, monthlyUsd }];
  });
}

function byRegion(shape: Shape): [{ provider: ProviderId; region: string }, CloudCluster[]][] {
  const places = new Map<string, [{ provider: ProviderId; region: string }, CloudCluster[]]>();
  const clusters = cloudClusters(shape);
  for (const cluster of clusters) {
    const { provider, region } = cluster;
    const key = `${provider} ${region}`;
    const known = places.get(key);
    if (known) known[1].push(cluster);
    else places.set(key, [{ provider, region }, [cluster]]);
  }
  return [...places].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, place]) => place);
}

function counted(items: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Each line is rounded by itself, so that the sum is that of what is shown. */
function cents(usd: number): number {
  return Math.round(usd * 100) / 100;
}

function sum(lines: readonly Line[]): number {
  return cents(lines.reduce((total, line) => total + line.monthlyUsd, 0));
}
