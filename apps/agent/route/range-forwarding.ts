/** Forwarding on the interfaces by which hosts of ranges answer: what they send into the tunnel comes in there. */
import { rm, writeFile } from 'node:fs/promises';
import type { MapRange } from '@skein/contract/agent/map.ts';
import { STATE_DIRECTORY } from '../config.ts';
import { AgentFailure } from '../failure.ts';
import { must, type Run } from '../host/command.ts';
import { readIfThere, writeSafely } from '../state/files.ts';
import { devicesTowards } from './behind.ts';

const FORWARDING_SAVED = `${STATE_DIRECTORY}/forwarding.saved`;

/** Lets in for others what comes by the interfaces towards ranges, and by others no more that were let for their sake. */
export async function applyRangeForwarding(run: Run, ranges: readonly MapRange[]): Promise<void> {
  const saved = await readIfThere(FORWARDING_SAVED);
  if (ranges.length === 0 && saved === undefined) return;
  const table = ranges.length > 0 ? await must(run, 'ip', ['-j', '-4', 'route', 'show']) : '[]';
  const towards = devicesTowards(
    table,
    ranges.map(({ cidr }) => cidr),
  );
  const ours = new Set((saved ?? '').split('\n').filter((device) => device !== ''));
  const wanted = new Set<string>();
  for (const device of towards)
    if (ours.has(device) || (await readSwitch(device)) === '0') wanted.add(device);
  // Written before it is done: what was switched on is never forgotten.
  if ([...wanted].some((device) => !ours.has(device)))
    await writeSafely(FORWARDING_SAVED, [...new Set([...ours, ...wanted])].join('\n'));
  for (const device of wanted) await writeSwitch(device, '1');
  await closeForwarding([...ours].filter((device) => !wanted.has(device)));
  if (wanted.size === 0) await rm(FORWARDING_SAVED, { force: true });
  else if (wanted.size < ours.size) await writeSafely(FORWARDING_SAVED, [...wanted].join('\n'));
}

/** Gives the node back what its interfaces did before there were ranges. */
export async function restoreRangeForwarding(): Promise<void> {
  await closeForwarding(
    ((await readIfThere(FORWARDING_SAVED)) ?? '').split('\n').filter((one) => one !== ''),
  );
}

/** An interface that is gone needs no closing. */
async function closeForwarding(devices: readonly string[]): Promise<void> {
  for (const device of devices) if ((await readSwitch(device)) === '1') await writeSwitch(device, '0');
}

const fileOf = (device: string) => `/proc/sys/net/ipv4/conf/${device}/forwarding`;

async function readSwitch(device: string): Promise<string | undefined> {
  return (await readIfThere(fileOf(device)))?.trim();
}

async function writeSwitch(device: string, wanted: '0' | '1'): Promise<void> {
  if ((await readSwitch(device)) === wanted) return;
  await writeFile(fileOf(device), wanted).catch((error: Error) => {
    throw new AgentFailure('command-failed', `cannot set ${fileOf(device)}: ${error.message}`);
  });
}
