/** Switches of the kernel's IPv4, as `conf/eth0/forwarding`. */
import { readFile, writeFile } from 'node:fs/promises';
import { AgentFailure } from '../failure.ts';
import { readIfThere } from '../state/files.ts';

const SWITCHES = '/proc/sys/net/ipv4';

/** Undefined where there is none, as of an interface that is gone. */
export async function readSwitch(name: string): Promise<string | undefined> {
  return (await readIfThere(`${SWITCHES}/${name}`))?.trim();
}

/** Throws `command-failed` where the kernel refuses. */
export async function applySwitch(name: string, wanted: string): Promise<void> {
  const file = `${SWITCHES}/${name}`;
  if ((await readFile(file, 'utf8')).trim() === wanted) return;
  await writeFile(file, wanted).catch((error: Error) => {
    throw new AgentFailure('command-failed', `cannot set ${file}: ${error.message}`);
  });
}
