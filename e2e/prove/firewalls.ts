/**
 * Reads every security group and firewall rule from the clouds' own APIs, with the official SDKs and not through our
 * providers, and holds them against what two sentences allow: WireGuard to a gateway from the other gateways' public
 * addresses; WireGuard between the nodes of one cluster. Then tries ports that are not allowed, with packets.
 */
import {
  type DescribeSecurityGroupsCommand,
  EC2Client,
  paginateDescribeSecurityGroups,
} from '@aws-sdk/client-ec2';
import { FirewallsClient } from '@google-cloud/compute';
import { WIREGUARD_PORT } from '@skein/contract/primitive.ts';
import { INSIDE } from '@skein/local/config.ts';
import type { LabAccounts, LabControl } from '@skein/local/lab.ts';
import { JWT } from 'google-auth-library';
import { sendPayload } from './pairs.ts';
import { eachOf } from './report.ts';
import type { Seat, Site } from './site.ts';

/** One ingress rule, one source, in either cloud's API. */
interface SeenRule {
  where: string;
  group: string;
  protocol: string;
  ports: string;
  source: string;
}

export const AWS_ENDPOINT = `http://127.0.0.1:${INSIDE.aws}`;

export function openEc2(accounts: LabAccounts, region: string): EC2Client {
  const { accessKeyId, secretAccessKey } = accounts.aws[0] as LabAccounts['aws'][0];
  return new EC2Client({ region, endpoint: AWS_ENDPOINT, credentials: { accessKeyId, secretAccessKey } });
}

/** Signs its own tokens (AIP-4111): the library would ask Google's own address for others, whatever the key file says. */
export function gcpToken(accounts: LabAccounts): JWT {
  const account = accounts.gcp[0] as LabAccounts['gcp'][0];
  const token = new JWT({
    email: account.client_email,
    key: account.private_key,
    scopes: ['https://www.googleapis.com/auth/cloud-platform'],
  });
  token.useJWTAccessWithScope = true;
  return token;
}

/** Options for any @google-cloud/compute client that is to speak to the lab. */
export function gcpOptions(accounts: LabAccounts) {
  const projectId = (accounts.gcp[0] as LabAccounts['gcp'][0]).project_id;
  const authClient = gcpToken(accounts);
  return { apiEndpoint: '127.0.0.1', port: INSIDE.gcp, protocol: 'http', projectId, authClient } as never;
}

async function readAws(accounts: LabAccounts, region: string, networkId: string): Promise<SeenRule[]> {
  const client = openEc2(accounts, region);
  const rules: SeenRule[] = [];
  const filters = [{ Name: 'tag:skein-network', Values: [networkId] }];
  for await (const page of paginateDescribeSecurityGroups({ client }, {
    Filters: filters,
  } satisfies DescribeSecurityGroupsCommand['input'])) {
    for (const group of page.SecurityGroups ?? []) {
      for (const permission of group.IpPermissions ?? []) {
        const sources = [
          ...(permission.IpRanges ?? []).map((range) => range.CidrIp),
          ...(permission.Ipv6Ranges ?? []).map((range) => range.CidrIpv6),
          ...(permission.UserIdGroupPairs ?? []).map((pair) => pair.GroupId),
        ];
        for (const source of sources) {
          rules.push({
            where: region,
            group: group.GroupName ?? '',
            protocol: permission.IpProtocol ?? '',
            ports: `${permission.FromPort}-${permission.ToPort}`,
            source: source ?? '',
          });
        }
      }
    }
  }
  client.destroy();
  return rules;
}

async function readGcp(accounts: LabAccounts): Promise<SeenRule[]> {
  const client = new FirewallsClient(gcpOptions(accounts));
  const rules: SeenRule[] = [];
  const project = (accounts.gcp[0] as LabAccounts['gcp'][0]).project_id;
  for await (const firewall of client.listAsync({ project }, { autoPaginate: false })) {
    if (firewall.direction === 'EGRESS') continue;
    for (const allowed of firewall.allowed ?? []) {
      for (const source of [...(firewall.sourceRanges ?? []), ...(firewall.sourceTags ?? [])]) {
        for (const ports of allowed.ports?.length ? allowed.ports : ['all']) {
          const range = ports.includes('-') ? ports : `${ports}-${ports}`;
          rules.push({
            where: 'gcp',
            group: firewall.name ?? '',
            protocol: allowed.IPProtocol ?? '',
            ports: range,
            source,
          });
        }
      }
    }
  }
  await client.close();
  return rules;
}

export interface FirewallsSeen {
  rules: number;
  worldOpen: number;
  /** Rules that neither sentence allows. */
  surplus: string[];
  /** Gateways that some other cluster's gateway could not reach for want of a rule. */
  missing: string[];
}

/** Compares the clouds' rules with what the peers' addresses call for. */
export async function readFirewalls(accounts: LabAccounts, site: Site): Promise<FirewallsSeen> {
  const regions = [
    ...new Set(
      site.clusters.filter((cluster) => cluster.provider === 'aws').map((cluster) => cluster.region),
    ),
  ];
  const rules = [
    ...(await Promise.all(regions.map((region) => readAws(accounts, region, site.network.id)))).flat(),
    ...(await readGcp(accounts)),
  ];
  const wireguard = (rule: SeenRule) =>
    rule.protocol === 'udp' && rule.ports === `${WIREGUARD_PORT}-${WIREGUARD_PORT}`;
  const surplus: string[] = [];
  const missing: string[] = [];
  for (const cluster of site.clusters) {
    const where = cluster.provider === 'aws' ? cluster.region : 'gcp';
    const foreign = site.seats
      .filter((seat) => seat.cluster.id !== cluster.id && seat.peer.role === 'gateway')
      .map((seat) => `${seat.peer.publicAddress}/32`);
    const allowed = new Set([...foreign, cluster.vpcCidr]);
    const here = rules.filter((rule) => rule.where === where);
    for (const rule of here) {
      if (!wireguard(rule) || !allowed.has(rule.source))
        surplus.push(`${where} ${rule.group}: ${rule.protocol} ${rule.ports} from ${rule.source}`);
    }
    for (const source of allowed) {
      if (!here.some((rule) => wireguard(rule) && rule.source === source))
        missing.push(`${cluster.name}: WireGuard from ${source}`);
    }
  }
  const worldOpen = rules.filter((rule) => rule.source === '0.0.0.0/0' || rule.source === '::/0').length;
  return { rules: rules.length, worldOpen, surplus, missing };
}

/**
 * Tries what must be refused. Each seat runs an echo server on `openPort` (allowed by the network) and `closedPort`
 * (not), so that a refusal is the filter's doing and not an absent server; that is checked first, on the node itself.
 */
export async function tryRefusals(
  lab: LabControl,
  seats: readonly Seat[],
  openPort: number,
  closedPort: number,
) {
  for (const seat of seats) {
    const own = await sendPayload(lab, seat, '127.0.0.1', closedPort, 'control');
    if (!own.reached)
      throw new Error(`The server on ${seat.fqdn}:${closedPort} does not answer on its own node: ${own.why}`);
  }
  const attempts = seats.flatMap((target) => {
    const outsider = seats.find((seat) => seat.cluster.id !== target.cluster.id) as Seat;
    const neighbour = seats.find((seat) => seat.cluster.id === target.cluster.id && seat !== target);
    const { publicAddress, privateAddress, overlayAddress } = target.peer;
    return [
      ...[openPort, closedPort].flatMap((port) => [
        ...(publicAddress ? [{ way: 'outside', from: outsider, target, address: publicAddress, port }] : []),
        ...(neighbour
          ? [{ way: 'inside', from: neighbour, target, address: privateAddress as string, port }]
          : []),
      ]),
      { way: 'overlay', from: outsider, target, address: overlayAddress, port: closedPort },
    ];
  });
  const passed = await eachOf(attempts, 12, async ({ way, from, target, address, port }) => {
    const { reached } = await sendPayload(lab, from, address, port, 'must not pass');
    return reached ? `${way} ${from.fqdn} -> ${target.fqdn} :${port}` : null;
  });
  return { tried: attempts.length, passed: passed.filter((one) => one !== null) };
}
