/**
 * Forwarding of IPv6 on gateways. Linux knows it for a whole host alone (IPv4 asks the interface), with two things that
 * come along and are held off here: the host would pass packets between its other interfaces, which the filter denies
 * between those that did not do so before, and it would hear routers no more, from whom its own way out may come, unless
 * `accept_ra` is 2. Kernel: Documentation/networking/ip-sysctl.rst.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { INTERFACES, RUN_DIRECTORY } from '../config.ts';
import { AgentFailure } from '../failure.ts';
import { IPV6_SWITCHES } from '../host/ipv6.ts';
import { readIfThere, writeSafely } from '../state/files.ts';

const CONF = `${IPV6_SWITCHES}/conf`;
/**
 * A line an interface: name, `forwarding`, `accept_ra`; install.sh reads it too. In memory, as what it tells of: after a
 * start of the host the switches are the host's own again.
 */
const SAVED = `${RUN_DIRECTORY}/ipv6-forwarding.saved`;
type Saved = Map<string, { forwarding: string; acceptRa: string }>;

/** Keeps how the node's interfaces were, where nobody has switched forwarding on. To be done before the filter is made. */
export async function noteForwarding(): Promise<void> {
  if ((await read('all', 'forwarding')) !== '0') return;
  const before = await readSaved();
  const saved: Saved = new Map();
  for (const name of await readdir(CONF)) {
    if (name === 'all' || name === 'lo' || INTERFACES.includes(name)) continue;
    const forwarding = await read(name, 'forwarding');
    const acceptRa = await read(name, 'accept_ra');
    if (forwarding === undefined || acceptRa === undefined) continue;
    // Ours, of an attempt that went no further.
    const was = before.get(name)?.acceptRa;
    saved.set(name, { forwarding, acceptRa: acceptRa === '2' && was !== undefined ? was : acceptRa });
  }
  const text = textOf(saved);
  if (text !== textOf(before)) await writeSafely(SAVED, text);
}

/** The interfaces between which the node passed nothing before us, sorted; without any whose name is more than a name. */
export async function closedInterfaces(): Promise<string[]> {
  return [...(await readSaved())]
    .filter(([name, { forwarding }]) => name !== 'default' && forwarding === '0' && /^[\w.@-]+$/.test(name))
    .map(([name]) => name)
    .sort();
}

/** Switches forwarding on. Throws `command-failed` where the node does not let us. */
export async function openForwarding(): Promise<void> {
  for (const [name, { acceptRa }] of await readSaved())
    if (acceptRa === '1') await put(name, 'accept_ra', '2');
  await put('all', 'forwarding', '1');
}

/** Gives the node back how it was, where we changed it. */
export async function restoreForwarding(): Promise<void> {
  if ((await readIfThere(SAVED)) === undefined) return;
  const saved = await readSaved();
  await put('all', 'forwarding', '0');
  for (const [name, { forwarding, acceptRa }] of saved) {
    await put(name, 'forwarding', forwarding);
    await put(name, 'accept_ra', acceptRa);
  }
  await rm(SAVED, { force: true });
}

async function readSaved(): Promise<Saved> {
  const lines = ((await readIfThere(SAVED)) ?? '').split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [name = '', forwarding = '0', acceptRa = '1'] = line.split(' ');
      return [name, { forwarding, acceptRa }];
    }),
  );
}

function textOf(saved: Saved): string {
  return [...saved].map(([name, one]) => `${name} ${one.forwarding} ${one.acceptRa}\n`).join('');
}

function read(name: string, what: string): Promise<string | undefined> {
  return readFile(`${CONF}/${name}/${what}`, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** An interface that is gone needs nothing. */
async function put(name: string, what: string, wanted: string): Promise<void> {
  const file = `${CONF}/${name}/${what}`;
  if (!existsSync(file) || (await read(name, what)) === wanted) return;
  await writeFile(file, wanted).catch((error: Error) => {
    throw new AgentFailure('command-failed', `cannot set ${file}: ${error.message}`);
  });
}
