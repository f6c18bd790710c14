/**
 * Everything that stands in the lab's clouds, read from the lab's own books and not through our providers, so that what
 * carries no tag, or a wrong one, is seen too. What every account has from the start is left out.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ec2State } from '@skein/lab/aws/ec2/state.ts';
import type { Route53State } from '@skein/lab/aws/route53/state.ts';
import type { AzureState } from '@skein/lab/azure/state.ts';
import type { GcpState } from '@skein/lab/gcp/state.ts';

/** Names made of ids, which differ from one installation to the next. */
const DERIVED = /\b[0-9a-f]{20,}\b/g;

/** @param directory the lab's; @returns one line a thing, without ids: `aws us-east-1 vpc prod-vpc`; sorted */
export function inventoryOf(directory: string): string[] {
  return [
    ...ec2(read<Ec2State>(directory, 'aws-ec2')),
    ...route53(read<Route53State>(directory, 'aws-route53')),
    ...gcp(read<GcpState>(directory, 'gcp')),
    ...azure(read<AzureState>(directory, 'azure')),
  ]
    .map((line) => line.replace(DERIVED, '*'))
    .sort();
}

const read = <T>(directory: string, section: string): T =>
  JSON.parse(readFileSync(join(directory, 'state', `${section}.json`), 'utf8')) as T;

function ec2(state: Ec2State): string[] {
  return Object.entries(state.regions).flatMap(([place, region]) => {
    const one = (kind: string, name: string | undefined) =>
      `aws ${place.split('/')[1]} ${kind} ${name ?? '(no name)'}`;
    return [
      ...Object.values(region.vpcs).map((it) => one('vpc', it.tags.Name)),
      ...Object.values(region.subnets).map((it) => one('subnet', it.tags.Name)),
      ...Object.values(region.gateways).map((it) => one('internet-gateway', it.tags.Name)),
      ...Object.values(region.groups)
        .filter((it) => it.name !== 'default')
        .map((it) => one('security-group', `${it.tags.Name}: ${it.rules.length} rules`)),
      ...Object.values(region.addresses).map((it) =>
        one('address', `${it.tags.Name} ${it.association ? 'bound' : 'loose'}`),
      ),
      ...Object.values(region.instances)
        .filter((it) => it.terminatedAt === null)
        .map((it) => one('instance', `${it.tags.Name} ${it.sourceDestCheck ? '' : 'forwards'}`)),
    ];
  });
}

const route53 = (state: Route53State): string[] =>
  Object.values(state.zones).map(
    (it) => `aws zone ${it.name} ${it.vpcs ? 'private' : 'public'} ${it.records.length} records`,
  );

function gcp(state: GcpState): string[] {
  return Object.values(state.projects).flatMap((project) => [
    ...Object.values(project.networks)
      .filter((it) => it.name !== 'default')
      .map(() => 'gcp network'),
    ...Object.values(project.subnetworks).map((it) => `gcp ${it.region} subnetwork ${it.cidr}`),
    ...Object.values(project.firewalls).map((it) => `gcp firewall of ${it.sourceRanges.length} ranges`),
    ...Object.values(project.addresses).map((it) => `gcp ${it.region} address`),
    ...Object.values(project.instances).map(
      (it) => `gcp ${it.zone} instance ${it.canIpForward ? 'forwards' : ''}`,
    ),
    ...Object.values(project.zones).map(
      (it) => `gcp zone ${it.dnsName} ${it.visibility} ${it.recordSets.length} records`,
    ),
  ]);
}

const azure = (state: AzureState): string[] =>
  Object.values(state.subscriptions).flatMap((subscription) => [
    ...Object.values(subscription.groups).map(
      (it) => `azure ${it.location} group ${it.tags['skein-key'] ?? ''}`,
    ),
    ...Object.values(subscription.resources).map((it) => {
      const rules = (it.properties as { securityRules?: unknown[] } | null)?.securityRules?.length;
      return `azure ${it.type} ${it.name}${rules === undefined ? '' : ` of ${rules} rules`} ${it.state}`;
    }),
  ]);
