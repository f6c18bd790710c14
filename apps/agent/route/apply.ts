/** Brings the overlay interfaces' addresses, routes and switches to what the map says. */
import { readFile, writeFile } from 'node:fs/promises';
import type { MapSelf } from '@skein/contract/agent/map.ts';
import { interfaceOf, STATE_DIRECTORY } from '../config.ts';
import { AgentFailure } from '../failure.ts';
import { must, type Run } from '../host/command.ts';
import { underlayAddresses } from '../host/facts.ts';
import { readIfThere, writeSafely } from '../state/files.ts';
import { parseInterface, planInterface, rangeConflict } from './plan.ts';
import { parseTable, planTable, type Route } from './table.ts';
import type { SizedWay } from './ways.ts';

const HASH_POLICY = '/proc/sys/net/ipv4/fib_multipath_hash_policy';
const HASH_POLICY_SAVED = `${STATE_DIRECTORY}/multipath-hash-policy.saved`;

/**
 * Throws `address-taken` where the overlay range is in use on this node, `command-failed` where `ip` refuses.
 * @param mtu the largest packet that any path may be asked to carry; routes say how much each does
 */
export async function applyInterfaces(run: Run, self: MapSelf, mtu: number): Promise<void> {
  const conflict = rangeConflict(self.overlayCidr, underlayAddresses());
  if (conflict) throw new AgentFailure('address-taken', conflict);
  for (let plane = 0; plane < self.planes; plane += 1) {
    const device = interfaceOf(plane);
    const addresses = await must(run, 'ip', ['-j', 'address', 'show', 'dev', device]);
    const wanted = { address: self.overlayAddress, mtu };
    await batch(run, planInterface(wanted, parseInterface(addresses), device));
    // The filter says what of it. The node's other interfaces keep their setting: Linux asks the incoming one alone.
    await applySwitch(`conf/${device}/forwarding`, self.forwards ? '1' : '0');
    // What comes by one plane may be answered by another. Without an address Linux would be strict all the same.
    if (self.planes > 1) await applySwitch(`conf/${device}/rp_filter`, '2');
  }
  if (self.planes > 1) await spreadFlows();
}

/** Routes as `ways` say, whatever is there. */
export async function applyWays(run: Run, source: string, ways: readonly SizedWay[]): Promise<void> {
  await batch(run, planTable(ways, source, await readTable(run)));
}

/** The routes by our interfaces that are there now. */
export async function readTable(run: Run): Promise<Route[]> {
  return parseTable(await must(run, 'ip', ['-j', '-4', 'route', 'show']));
}

/** The same where it is known what was there: one process less while packets are lost. */
export async function changeWays(
  run: Run,
  source: string,
  before: readonly SizedWay[],
  ways: readonly SizedWay[],
): Promise<void> {
  const lines = planTable(
    ways,
    source,
    before.map((way) => ({ ...way, source })),
  );
  await batch(run, lines);
}

/** Gives the node back how it hashed before. */
export async function restoreHashing(): Promise<void> {
  const saved = await readIfThere(HASH_POLICY_SAVED);
  if (saved !== undefined) await writeFile(HASH_POLICY, saved);
}

/**
 * Hashes ports too, so that the flows of two hosts spread over the gateways. One of the few switches that Linux has for
 * a whole host only; it concerns routes with several next hops alone.
 */
async function spreadFlows(): Promise<void> {
  const before = (await readFile(HASH_POLICY, 'utf8')).trim();
  if (before === '1') return;
  await writeSafely(HASH_POLICY_SAVED, before);
  await applySwitch('fib_multipath_hash_policy', '1');
}

async function batch(run: Run, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await must(run, 'ip', ['-batch', '-'], `${lines.join('\n')}\n`);
}

async function applySwitch(name: string, wanted: string): Promise<void> {
  const file = `/proc/sys/net/ipv4/${name}`;
  if ((await readFile(file, 'utf8')).trim() === wanted) return;
  await writeFile(file, wanted).catch((error: Error) => {
    throw new AgentFailure('command-failed', `cannot set ${file}: ${error.message}`);
  });
}
