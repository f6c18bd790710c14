import { Facts, type FromAgent } from '@skein/contract/agent/channel.ts';
import { Endpoint } from '@skein/contract/agent/map.ts';
import type { Transaction } from '@skein/database/client.ts';
import { contains } from '@skein/mesh/ipam/cidr.ts';
import { compareText } from '@skein/mesh/network.ts';
import { nodePodProblems } from '@skein/mesh/pods/accept.ts';
import { z } from 'zod';
import { publishRevision, type RevisionChange } from '../map/publish.ts';
import { hostsOf } from '../range/view.ts';
import type { ChannelContext } from './enrol.ts';

const OldFacts = Facts.pick({ ipv6: true });
const HadKubernetes = z.object({ kubernetes: z.object({}) });

export type Report = Extract<FromAgent, { type: 'report' }>;
export interface PeerReport {
  peerId: string;
  report: Report;
  /** Where the agent's channel comes from: behind a NAT the only hint at a public address. Null if it is not IPv4. */
  observedAddress: string | null;
}

/**
 * Writes the newest reports of peers of one network, in one statement. Where an endpoint, an address, a way for UDP, a pod
 * range or whether a node speaks IPv6 changed it publishes one revision for all of them; links and other facts alone change no map.
 * @param reports each peer at most once; peers removed meanwhile, or of another network, are left alone
 */
export async function recordReports(
  context: ChannelContext,
  networkId: string,
  reports: readonly PeerReport[],
): Promise<void> {
  if (reports.length === 0) return;
  await context.database.$transaction(async (tx) => {
    const now = context.now();
    const ids = reports.map((one) => one.peerId).sort();
    // In the order of ids, so that two batches never wait for each other in a ring.
    await tx.$queryRaw`SELECT id FROM peer WHERE id = ANY(${ids}) ORDER BY id FOR NO KEY UPDATE`;
    const rows = await tx.peer.findMany({
      where: { id: { in: ids }, networkId, removedAt: null },
      select: {
        id: true,
        organizationId: true,
        managed: true,
        endpoints: true,
        facts: true,
        privateAddress: true,
        publicAddress: true,
        udpBlocked: true,
        relays: true,
        relayPin: true,
        name: true,
        clusterId: true,
        podCidrs: true,
        cluster: { select: { podCidr: true } },
      },
    });
    const mates = await matesOf(tx, rows, reports);
    const byId = new Map(reports.map((one) => [one.peerId, one]));
    const changes: RevisionChange[] = [];
    const updates: object[] = [];
    for (const row of rows) {
      const { report, observedAddress } = byId.get(row.id) as PeerReport;
      const endpoints = endpointsOf(report, observedAddress, row.publicAddress);
      const privateAddress =
        row.managed && row.privateAddress ? row.privateAddress : report.facts.privateAddress;
      const old = z.array(Endpoint).safeParse(row.endpoints).data ?? [];
      const ipv6 = OldFacts.safeParse(row.facts).data?.ipv6;
      const pods = podsSaid(row, report.facts, mates);
      // What the agent does not know yet stays as it was.
      const udpBlocked = report.udp === undefined ? row.udpBlocked : report.udp === 'blocked';
      const relayPin = report.relayPin ?? row.relayPin;
      if (
        privateAddress !== row.privateAddress ||
        textOf(old) !== textOf(endpoints) ||
        udpBlocked !== row.udpBlocked ||
        relayPin !== row.relayPin ||
        pods.cidrs.join() !== row.podCidrs.join() ||
        // What is not said yet changes no name.
        (ipv6 ?? true) !== (report.facts.ipv6 ?? true)
      )
        changes.push({ peer: row.id });
      updates.push({
        id: row.id,
        facts: report.facts,
        endpoints,
        privateAddress,
        appliedNumber: report.appliedNumber,
        problem: report.problem ?? pods.problem,
        links: report.links,
        udpBlocked,
        relayPin,
        podCidrs: pods.cidrs,
      });
    }
    await tx.$executeRaw`
      UPDATE peer SET facts = r.facts, endpoints = r.endpoints, "privateAddress" = r."privateAddress",
        "appliedNumber" = r."appliedNumber", problem = r.problem, links = r.links,
        "udpBlocked" = r."udpBlocked", "relayPin" = r."relayPin", "podCidrs" = r."podCidrs", "linksReportedAt" = ${now}, "lastSeenAt" = ${now}
      FROM jsonb_to_recordset(${JSON.stringify(updates)}::jsonb) AS r(
        id text, facts jsonb, endpoints jsonb, "privateAddress" text, "appliedNumber" int, problem text, links jsonb,
        "udpBlocked" boolean, "relayPin" text, "podCidrs" text[])
      WHERE peer.id = r.id`;
    changes.push(...(await noteContainers(tx, rows, byId)));
    const organizationId = rows[0]?.organizationId;
    if (organizationId && changes.length > 0)
      await publishRevision(tx, organizationId, networkId, changes, 'endpoints changed');
  });
}

/** Containers of one Docker network that are told of. */
const MOST_CONTAINERS = 256;

/** Keeps which containers run in the Docker networks of those who tell. Answers the clusters in which one came or went. */
async function noteContainers(
  tx: Transaction,
  rows: readonly { readonly id: string }[],
  reports: ReadonlyMap<string, PeerReport>,
): Promise<RevisionChange[]> {
  const telling = rows.flatMap(({ id }) => (reports.get(id)?.report.containers ? [id] : []));
  if (telling.length === 0) return [];
  const ranges = await tx.clusterRange.findMany({
    where: { peerId: { in: telling }, dockerNetwork: { not: null } },
  });
  const changed = new Set<string>();
  for (const range of ranges) {
    const told = reports.get(range.peerId ?? '')?.report.containers ?? [];
    const hosts = told
      .filter(({ network, address }) => network === range.dockerNetwork && contains(range.cidr, address))
      .map(({ name, address }) => ({ name, address }))
      .sort((a, b) => compareText(a.name, b.name))
      .filter(({ name }, at, all) => all[at - 1]?.name !== name)
      .slice(0, MOST_CONTAINERS);
    if (JSON.stringify(hosts) === JSON.stringify(hostsOf(range))) continue;
    await tx.clusterRange.update({ where: { id: range.id }, data: { hosts } });
    changed.add(range.clusterId);
  }
  return [...changed].map((cluster) => ({ cluster }));
}

interface Holder {
  readonly id: string;
  readonly name: string;
  readonly clusterId: string;
  readonly podCidrs: readonly string[];
}

/** Who has pods in the clusters of those who speak of theirs. */
async function matesOf(
  tx: Transaction,
  rows: readonly Holder[],
  reports: readonly PeerReport[],
): Promise<Holder[]> {
  const speaking = new Set(
    reports.filter(({ report }) => report.facts.kubernetes).map(({ peerId }) => peerId),
  );
  const clusterIds = [...new Set(rows.flatMap((row) => (speaking.has(row.id) ? row.clusterId : [])))];
  if (clusterIds.length === 0) return [];
  return tx.peer.findMany({
    where: { clusterId: { in: clusterIds }, removedAt: null, podCidrs: { isEmpty: false } },
    select: { id: true, name: true, clusterId: true, podCidrs: true },
  });
}

/**
 * The pod ranges that a node has: what its Kubernetes says, as far as that can be. Who is in no Kubernetes cluster keeps
 * what was set for it, but for one that has just left.
 */
function podsSaid(
  row: Holder & { readonly facts: unknown; readonly cluster: { readonly podCidr: string | null } },
  facts: Facts,
  mates: readonly Holder[],
): { cidrs: readonly string[]; problem: string | null } {
  const { podCidr } = row.cluster;
  if (!facts.kubernetes)
    return { cidrs: HadKubernetes.safeParse(row.facts).success ? [] : row.podCidrs, problem: null };
  // Those of a cluster whose pods are no part of the network are nobody's business.
  if (podCidr === null) return { cidrs: [], problem: null };
  const taken = mates
    .filter((mate) => mate.clusterId === row.clusterId && mate.id !== row.id)
    .flatMap((mate) => mate.podCidrs.map((cidr) => ({ cidr, whose: mate.name })));
  const said = facts.kubernetes.podCidrs;
  const cidrs = said.filter((cidr) => nodePodProblems([cidr], podCidr, taken).length === 0);
  const problems = nodePodProblems(said, podCidr, taken);
  return {
    cidrs: cidrs.sort(),
    problem: problems.length > 0 ? `not all of its pods are reached: ${problems.join('; ')}` : null,
  };
}

/** Places at which others see one peer; more would be a NAT that gives out another port for each of them. */
const MOST_OBSERVED = 4;
/** What a node knows of itself. */
const OWN: readonly Endpoint['kind'][] = ['private', 'global', 'public'];

/**
 * The reported endpoints, those that others observed among them, which hold the port that the NAT gave out. Where there
 * are none of these, and neither the node nor the cloud knows a public one, the address that the channel comes from.
 */
function endpointsOf(
  report: Report,
  observedAddress: string | null,
  publicAddress: string | null,
): Endpoint[] {
  const own = report.endpoints.filter((one) => OWN.includes(one.kind));
  const observed = report.endpoints.filter((one) => one.kind === 'observed').slice(0, MOST_OBSERVED);
  const port = own[0]?.port;
  const known = publicAddress !== null || own.some((one) => one.kind === 'public');
  if (known) return own;
  if (observed.length > 0) return [...own, ...observed];
  if (observedAddress && port && !own.some((one) => one.address === observedAddress))
    return [...own, { kind: 'observed', address: observedAddress, port }];
  return own;
}

function textOf(endpoints: readonly Endpoint[]): string {
  return endpoints
    .map((one) => `${one.kind} ${one.address}:${one.port}`)
    .sort()
    .join(', ');
}
