/** Whether this network namespace speaks IPv6, and its switches. */
import { readFile } from 'node:fs/promises';

export const IPV6_SWITCHES = '/proc/sys/net/ipv6';

/** False where the kernel has no IPv6, or where it is switched off for all interfaces or for new ones, as ours are. */
export async function hasIpv6(): Promise<boolean> {
  const off = await Promise.all(
    ['all', 'default'].map((name) =>
      readFile(`${IPV6_SWITCHES}/conf/${name}/disable_ipv6`, 'utf8').catch(() => '1'),
    ),
  );
  return off.every((text) => text.trim() === '0');
}
