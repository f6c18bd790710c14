/**
 * Forwarding at the interfaces by which hosts of ranges answer. Linux asks the interface that a packet comes in by, and
 * most nodes are no routers: where it was off it is switched on, for the tunnel's sake alone. A table of our own drops
 * whatever else the node would then pass on from there.
 */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { MapRange } from '@skein/contract/agent/map.ts';
import { INTERFACES, STATE_DIRECTORY } from '../config.ts';
import { must, type Run } from '../host/command.ts';
import { applySwitch, readSwitch } from '../host/switches.ts';
import { readIfThere, writeSafely } from '../state/files.ts';
import { devicesTowards } from './behind.ts';

const TABLE = 'inet skein_forwarding';
/** Names of the interfaces that were switched on, one a line. */
const SAVED = `${STATE_DIRECTORY}/forwarding.saved`;

/** Throws `command-failed`. Interfaces that are needed no more are what they were before. */
export async function applyRangeForwarding(run: Run, ranges: readonly MapRange[]): Promise<void> {
  const ours = await readSaved();
  if (ranges.length === 0 && ours.size === 0) return;
  const table = ranges.length > 0 ? await must(run, 'ip', ['-j', '-4', 'route', 'show']) : '[]';
  const towards = devicesTowards(
    table,
    ranges.map(({ cidr }) => cidr),
  );
  const wanted: string[] = [];
  for (const device of towards)
    if (ours.has(device) || (await readSwitch('ipv4', switchOf(device))) === '0') wanted.push(device);
  if (wanted.length === 0) return restoreRangeForwarding(run);
  // Written and guarded before it is done: what was switched on is never forgotten, and never open.
  const known = [...new Set([...ours, ...wanted])];
  if (wanted.some((device) => !ours.has(device))) await writeSafely(SAVED, known.join('\n'));
  await guard(run, known);
  for (const device of wanted) await applySwitch('ipv4', switchOf(device), '1');
  const idle = [...ours].filter((device) => !wanted.includes(device));
  if (idle.length === 0) return;
  await close(idle);
  await guard(run, wanted);
  await writeSafely(SAVED, wanted.join('\n'));
}

/** Gives the node back what its interfaces did before there were ranges. */
export async function restoreRangeForwarding(run: Run): Promise<void> {
  const ours = await readSaved();
  if (ours.size === 0) return;
  await close([...ours]);
  await must(run, 'nft', ['-f', '-'], `table ${TABLE}\ndelete table ${TABLE}\n`);
  await rm(SAVED, { force: true });
}

/** Text for `nft -f -`. What stays on one interface, as within a bridge, is none of our business. */
export function renderGuard(devices: readonly string[]): string {
  const ours = INTERFACES.map((name) => `"${name}"`).join(', ');
  return [
    `table ${TABLE}`,
    `delete table ${TABLE}`,
    `table ${TABLE} {`,
    `  chain ${markOf(devices)} {`,
    '  }',
    '  chain forward {',
    '    type filter hook forward priority -5; policy accept;',
    ...devices.map((device) => `    iifname "${device}" oifname != { ${ours}, "${device}" } counter drop`),
    '  }',
    '}',
    '',
  ].join('\n');
}

/** Puts the table in place where it is not. */
async function guard(run: Run, devices: readonly string[]): Promise<void> {
  const there = await run('nft', ['list', 'chain', ...TABLE.split(' '), markOf(devices)]);
  if (!there.ok) await must(run, 'nft', ['-f', '-'], renderGuard(devices));
}

/** Names the chain by which the table is known again. */
function markOf(devices: readonly string[]): string {
  const text = [...devices].sort().join(' ');
  return `for_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

async function close(devices: readonly string[]): Promise<void> {
  for (const device of devices)
    if ((await readSwitch('ipv4', switchOf(device))) === '1')
      await applySwitch('ipv4', switchOf(device), '0');
}

async function readSaved(): Promise<Set<string>> {
  const text = (await readIfThere(SAVED)) ?? '';
  return new Set(text.split('\n').filter((device) => device !== ''));
}

function switchOf(device: string): string {
  return `conf/${device}/forwarding`;
}
