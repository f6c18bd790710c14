/** Ranges as the packet filter wants them: network form, none inside another. Pure. */
import { addressAfter, toNumber } from './names.ts';

interface Range {
  first: number;
  bits: number;
}

/** IPv4 ranges of the list (IPv6 ones are left out: the lab has no IPv6), duplicates and contained ones removed. */
export function disjoint(cidrs: readonly string[]): string[] {
  const ranges = cidrs
    .filter((cidr) => !cidr.includes(':'))
    .map(parse)
    .sort((a, b) => a.first - b.first || a.bits - b.bits);
  const kept: Range[] = [];
  for (const range of ranges) {
    const last = kept.at(-1);
    if (last === undefined || range.first >= last.first + 2 ** (32 - last.bits)) kept.push(range);
  }
  return kept.map(({ first, bits }) =>
    bits === 32 ? addressAfter('0.0.0.0', first) : `${addressAfter('0.0.0.0', first)}/${bits}`,
  );
}

/** The range's network form, and its prefix length. Throws on what is no IPv4 range. */
export function parse(cidr: string): Range {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(cidr);
  const bits = Number(match?.[5] ?? 32);
  if (match === null || bits > 32 || match.slice(1, 5).some((part) => Number(part) > 255))
    throw new TypeError(`${cidr} is no IPv4 range`);
  const size = 2 ** (32 - bits);
  return { first: Math.floor(toNumber(cidr.split('/')[0] as string) / size) * size, bits };
}
