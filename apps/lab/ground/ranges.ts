/** IPv4 addresses and ranges as numbers. */

export interface Range {
  /** First and last address, inclusive. */
  from: number;
  to: number;
  prefixLength: number;
}

/** The address as a number, or undefined when the text is none. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

export const formatAddress = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');

/** `10.0.0.0/16`, or one address as a /32; undefined when it is neither or has bits set after its prefix. */
export function parseRange(text: string): Range | undefined {
  const [addressText = '', lengthText = '32', ...rest] = text.split('/');
  const from = parseAddress(addressText);
  if (from === undefined || rest.length > 0 || !/^\d{1,2}$/.test(lengthText)) return undefined;
  const prefixLength = Number(lengthText);
  if (prefixLength > 32) return undefined;
  const size = 2 ** (32 - prefixLength);
  if (from % size !== 0) return undefined;
  return { from, to: from + size - 1, prefixLength };
}

export const overlap = (a: Range, b: Range): boolean => a.from <= b.to && b.from <= a.to;
export const within = (inner: Range, outer: Range): boolean =>
  inner.from >= outer.from && inner.to <= outer.to;

/** The fewest CIDR blocks that cover `from` to `to` exactly. */
export function blocksOf(from: number, to: number): string[] {
  const blocks: string[] = [];
  for (let next = from; next <= to; ) {
    let length = 32;
    while (length > 0) {
      const size = 2 ** (32 - length + 1);
      if (next % size !== 0 || next + size - 1 > to) break;
      length -= 1;
    }
    blocks.push(`${formatAddress(next)}/${length}`);
    next += 2 ** (32 - length);
  }
  return blocks;
}

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].map(parseRange);
/** Whether a subnet may have this range: private use (RFC 1918) or shared address space (RFC 6598). */
export const isPrivate = (range: Range): boolean =>
  PRIVATE.some((known) => known !== undefined && within(range, known));
