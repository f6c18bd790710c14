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

/** Nameservers of a resolv.conf, in order. */
function nameserversOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1])
    .filter((address) => address !== undefined);
}

/** The nameservers that the agent can ask: none of its `own` addresses, or it would ask itself without end. */
export function upstreamsOf(text: string, own: readonly string[]): string[] {
  return nameserversOf(text).filter((address) => isIPv4(address) && !own.includes(address));
}

/** Our resolv.conf over an original: everything but the nameservers stays, `search` and `options` with it. */
export function renderResolvConf(original: string, own: string, savedAt: string): string {
  const others = original.split('\n').filter((line) => !/^\s*nameserver\s/.test(line) && line.trim() !== '');
  // IPv6 ones are kept for the file, though we do not ask them.
  const kept = nameserversOf(original).filter((address) => address !== own);
  const servers = [own, ...kept].slice(0, MOST_NAMESERVERS);
  return `${[`${MARK} ${savedAt}.`, ...others, ...servers.map((server) => `nameserver ${server}`)].join('\n')}\n`;
}

/** The original as far as it can be told from our own file, for the case that the saved one is lost. */
export function withoutOurs(text: string, own: string): string {
  const lines = text
    .split('\n')
    .filter((line) => !line.startsWith(MARK) && line.trim() !== `nameserver ${own}` && line.trim() !== '');
  return `${lines.join('\n')}\n`;
}
