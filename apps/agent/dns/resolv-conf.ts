/**
 * resolv.conf as text. Ours names our resolver first and the original ones after it, so that names still resolve
 * should the agent be killed without a chance to put the file back.
 */
import { isIPv4 } from 'node:net';

const MARK = '# Written by skein-agent, which keeps the original in';
/** glibc looks at no more (MAXNS in resolv.h). */
const MOST_NAMESERVERS = 3;

export function isOurs(text: string): boolean {
  return text.startsWith(MARK);
}

/** Nameservers of a resolv.conf, in order, our own left out. IPv6 ones are kept for the file but not asked by us. */
export function nameserversOf(text: string, own: string): string[] {
  return text
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1])
    .filter((address): address is string => address !== undefined && address !== own);
}

/** The nameservers that the agent can ask. */
export function upstreamsOf(text: string, own: string): string[] {
  return nameserversOf(text, own).filter((address) => isIPv4(address));
}

/** Our resolv.conf over an original: everything but the nameservers stays, `search` and `options` with it. */
export function renderResolvConf(original: string, own: string, savedAt: string): string {
  const others = original.split('\n').filter((line) => !/^\s*nameserver\s/.test(line) && line.trim() !== '');
  const servers = [own, ...nameserversOf(original, own)].slice(0, MOST_NAMESERVERS);
  return `${[`${MARK} ${savedAt}.`, ...others, ...servers.map((server) => `nameserver ${server}`)].join('\n')}\n`;
}

/** The original as far as it can be told from our own file, for the case that the saved one is lost. */
export function withoutOurs(text: string, own: string): string {
  const lines = text
    .split('\n')
    .filter((line) => !line.startsWith(MARK) && line.trim() !== `nameserver ${own}` && line.trim() !== '');
  return `${lines.join('\n')}\n`;
}
