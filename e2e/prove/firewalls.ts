/**
 * Reads every security group and firewall rule from the clouds' own APIs, with the official SDKs and not through our
 * providers, and holds them against what two sentences allow: WireGuard to a gateway from the other gateways' public
 * addresses; WireGuard between the nodes of one cluster. Then tries ports that are not allowed, with packets.
 */
import { WIREGUARD_PORT } from '@skein/contract/primitive.ts';
import type { LabAccounts, LabControl } from '@skein/local/lab.ts';
import { awsRules } from './clouds/aws.ts';
import { azureRules } from './clouds/azure.ts';
import { gcpRules } from './clouds/gcp.ts';
import type { SeenRule } from './clouds/seen.ts';
import { sendPayload } from './pairs.ts';
import { eachOf } from './report.ts';
import type { Seat, Site } from './site.ts';

/** Every ingress rule in the clouds and regions where the site has clusters. */
async function readRules(accounts: LabAccounts, site: Site): Promise<SeenRule[]> {
  const read = site.clusters.map(({ provider, region }) => {
    if (provider === 'aws') return awsRules(accounts, region, site.network.id);
    return provider === 'gcp' ? gcpRules(accounts, region) : azureRules(accounts);
  });
  return (await Promise.all(read)).flat();
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
  const rules = await readRules(accounts, site);
  const wireguard = (rule: SeenRule) =>
    rule.protocol === 'udp' && rule.ports === `${WIREGUARD_PORT}-${WIREGUARD_PORT}`;
  const surplus: string[] = [];
  const missing: string[] = [];
  for (const cluster of site.clusters) {
    const where = cluster.region;
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
