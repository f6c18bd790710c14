/** Switches of the kernel's IPv4 and IPv6, as `conf/eth0/forwarding`. */
import { readFile, writeFile } from 'node:fs/promises';
import { AgentFailure } from '../failure.ts';
import { readIfThere } from '../state/files.ts';

export type Family = 'ipv4' | 'ipv6';

const fileOf = (family: Family, name: string) => `/proc/sys/net/${family}/${name}`;

/** Undefined where there is none, as of an interface that is gone. */
export async function readSwitch(family: Family, name: string): Promise<string | undefined> {
  return (await readIfThere(fileOf(family, name)))?.trim();
}

/** Throws `command-failed` where the kernel refuses. */
export async function applySwitch(family: Family, name: string, wanted: string): Promise<void> {
  const file = fileOf(family, name);
  if ((await readFile(file, 'utf8')).trim() === wanted) return;
  await writeFile(file, wanted).catch((error: Error) => {
    throw new AgentFailure('command-failed', `cannot set ${file}: ${error.message}`);
  });
}
