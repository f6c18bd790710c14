/** IPv6 addresses as eight numbers of 16 bits. Malformed text throws RangeError. */
import { formatAddress, parseAddress } from './cidr.ts';

/** Reads `2001:db8::1`, also with its last 32 bits as `::10.0.0.1`. A zone (`%eth0`) is no part of an address. */
export function parseSix(text: string): number[] {
  const wrong = () => new RangeError(`not an IPv6 address: ${text}`);
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const last = dotted?.[2] === undefined ? undefined : parseAddress(dotted[2]);
  const plain =
    last === undefined
      ? text
      : `${dotted?.[1]}${Math.floor(last / 65536).toString(16)}:${(last % 65536).toString(16)}`;
  const halves = plain.split('::');
  if (halves.length > 2) throw wrong();
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) throw wrong();
  const words = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  if (words.some((word) => !/^[0-9a-f]{1,4}$/i.test(word))) throw wrong();
  return words.map((word) => Number.parseInt(word, 16));
}

/** Writes an address as everybody does (RFC 5952), so that equal addresses are equal texts. */
export function formatSix(words: readonly number[]): string {
  let [at, length] = [0, 0];
  for (let from = 0; from < 8; from += 1) {
    let to = from;
    while (to < 8 && words[to] === 0) to += 1;
    if (to - from > length) [at, length] = [from, to - from];
  }
  const text = (some: readonly number[]) => some.map((word) => word.toString(16)).join(':');
  return length < 2 ? text(words) : `${text(words.slice(0, at))}::${text(words.slice(at + length))}`;
}

/** The last 32 bits of an address as an IPv4 address. */
export function lastFour(words: readonly number[]): string {
  return formatAddress((words[6] ?? 0) * 65536 + (words[7] ?? 0));
}
