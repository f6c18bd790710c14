/** Brings the overlay interfaces' addresses, routes and switches to what the map says. */
import type { MapSelf } from '@skein/contract/agent/map.ts';
import { contains } from '@skein/mesh/ipam/cidr.ts';
import type { Twins } from '@skein/mesh/ipam/twin.ts';
import { interfaceOf, STATE_DIRECTORY } from '../config.ts';
import { AgentFailure, wordsOf } from '../failure.ts';
import { behindNode, isKept } from '../filter/words.ts';
import { must, type Run } from '../host/command.ts';
import { underlayAddresses } from '../host/facts.ts';
import { applySwitch, type Family, readSwitch } from '../host/switches.ts';
import { readIfThere, writeSafely } from '../state/files.ts';
import { openForwarding, restoreForwarding } from './forwarding.ts';
import { parseInterface, planInterface, planSix, rangeConflict } from './plan.ts';
import { applyRangeForwarding } from './range-forwarding.ts';
import { parseTable, planTable, type Route, routeOf } from './table.ts';
import type { SizedWay } from './ways.ts';

const HASH_POLICY = 'fib_multipath_hash_policy';
const hashPolicySaved = (family: Family) =>
  `${STATE_DIRECTORY}/multipath-hash-policy${family === 'ipv6' ? '-ipv6' : ''}.saved`;

/** What packets of this node bear: its overlay address, and that address's twin where the node speaks IPv6. */
export interface Source {
  address: string;
  twins: Twins | null;
}

/**
 * Throws `address-taken` where the overlay range is in use on this node, `command-failed` where `ip` refuses.
 * @param mtu the largest packet that any path may be asked to carry; routes say how much each does
 * @param twins null where the node does not speak IPv6
 * @returns what keeps the overlay's IPv6 from working, in words, or null; IPv4 does
 */
export async function applyInterfaces(
  run: Run,
  self: MapSelf,
  mtu: number,
  twins: Twins | null,
): Promise<string | null> {
  const six: { device: string; lines: string[] }[] = [];
  const behind = behindNode(self);
  // What is behind this node without being translated is where its hosts' router is: this very node.
  const asItIs = behind.filter(isKept).map(({ cidr }) => cidr);
  const underlay = underlayAddresses().filter(
    ({ address }) => !asItIs.some((cidr) => contains(cidr, address)),
  );
  const ranges = self.rangesCidr === null ? [] : [self.rangesCidr];
  for (const cidr of [self.overlayCidr, ...ranges, ...self.pods.elsewhere]) {
    const conflict = rangeConflict(cidr, underlay);
    if (conflict) throw new AgentFailure('address-taken', conflict);
  }
  for (let plane = 0; plane < self.planes; plane += 1) {
    const device = interfaceOf(plane);
    const addresses = await must(run, 'ip', ['-j', 'address', 'show', 'dev', device]);
    const wanted = { address: self.overlayAddress, mtu };
    const current = parseInterface(addresses);
    await batch(run, planInterface(wanted, current, device));
    const twin = plane === 0 && twins ? twins.of(self.overlayAddress) : null;
    six.push({ device, lines: planSix(twin, current, device) });
    // The filter says what of it. The node's other interfaces keep their setting, for Linux asks the incoming one alone:
    // but for those by which hosts of ranges answer.
    const forwards = self.forwards || behind.length > 0;
    await applySwitch('ipv4', `conf/${device}/forwarding`, forwards ? '1' : '0');
    // What comes by one plane may be answered by another. Without an address Linux would be strict all the same.
    // What is from a mate's pod is answered by the main table, in which the cluster's own network has them.
    if (self.planes > 1 || self.pods.cluster !== null)
      await applySwitch('ipv4', `conf/${device}/rp_filter`, '2');
  }
  if (self.planes > 1) await spreadFlows('ipv4');
  await applyRangeForwarding(run, behind);
  try {
    for (const { device, lines } of six) {
      if (twins) await applySwitch('ipv6', `conf/${device}/disable_ipv6`, '0');
      await batch(run, lines);
    }
    if (twins && self.planes > 1) await spreadFlows('ipv6');
    await (twins && self.forwards ? openForwarding() : restoreForwarding());
    return null;
  } catch (error) {
    return noSix(error);
  }
}

/** Routes as `ways` say, whatever is there. Throws and returns as `applyInterfaces` does. */
export async function applyWays(
  run: Run,
  { address, twins }: Source,
  ways: readonly SizedWay[],
): Promise<string | null> {
  await batch(run, planTable(ways, address, await readTable(run)));
  if (!twins) return null;
  try {
    const six = parseTable(await must(run, 'ip', ['-j', '-6', 'route', 'show']), twins);
    await batch(run, planTable(twinsOfWays(ways, twins), twins.of(address), six));
    return null;
  } catch (error) {
    return noSix(error);
  }
}

/** The routes by our interfaces that are there now. */
export async function readTable(run: Run): Promise<Route[]> {
  return parseTable(await must(run, 'ip', ['-j', '-4', 'route', 'show']));
}

/** The same where it is known what was there: one process less while packets are lost. */
export async function changeWays(
  run: Run,
  { address, twins }: Source,
  before: readonly SizedWay[],
  ways: readonly SizedWay[],
): Promise<void> {
  const change = (from: readonly SizedWay[], to: readonly SizedWay[], source: string) =>
    planTable(
      to,
      source,
      from.map((way) => routeOf(way, source)),
    );
  const six = twins ? change(twinsOfWays(before, twins), twinsOfWays(ways, twins), twins.of(address)) : [];
  await batch(run, [...change(before, ways, address), ...six]);
}

const noSix = (error: unknown) => `no IPv6 in the overlay: ${wordsOf(error)}`;

function twinsOfWays(ways: readonly SizedWay[], twins: Twins): SizedWay[] {
  return ways.map((way) => ({ ...way, destination: twins.ofCidr(way.destination) }));
}

/** Gives the node back how it hashed before. */
export async function restoreHashing(): Promise<void> {
  for (const family of ['ipv4', 'ipv6'] as const) {
    const saved = await readIfThere(hashPolicySaved(family));
    if (saved !== undefined) await applySwitch(family, HASH_POLICY, saved);
  }
}

/**
 * Hashes ports too, so that the flows of two hosts spread over the gateways. One of the few switches that Linux has for
 * a whole host only; it concerns routes with several next hops alone.
 */
async function spreadFlows(family: Family): Promise<void> {
  const before = await readSwitch(family, HASH_POLICY);
  if (before === undefined || before === '1') return;
  await writeSafely(hashPolicySaved(family), before);
  await applySwitch(family, HASH_POLICY, '1');
}

async function batch(run: Run, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await must(run, 'ip', ['-batch', '-'], `${lines.join('\n')}\n`);
}
