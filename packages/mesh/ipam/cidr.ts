/** IPv4 ranges as numbers. Addresses are unsigned 32-bit integers; malformed text throws RangeError. */

/** A range: its first address and the count of leading bits that all its addresses share. */
export interface Range {
  readonly first: number;
  readonly prefixLength: number;
}

/** Reads `10.1.2.3`. */
export function parseAddress(text: string): number {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const parts = match ? match.slice(1).map(Number) : [];
  if (parts.length !== 4 || parts.some((part) => part > 255))
    throw new RangeError(`not an IPv4 address: ${text}`);
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

/** Writes `10.1.2.3`. */
export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((bits) => Math.floor(address / 2 ** bits) % 256).join('.');
}

/** Count of addresses in a range. */
export function sizeOf(range: Range): number {
  return 2 ** (32 - range.prefixLength);
}

/** Reads `10.1.0.0/16`; bits beyond the prefix are dropped. */
export function parseCidr(text: string): Range {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const prefixLength = Number(match?.[2]);
  if (!match?.[1] || prefixLength > 32) throw new RangeError(`not an IPv4 range: ${text}`);
  const size = 2 ** (32 - prefixLength);
  return { first: Math.floor(parseAddress(match[1]) / size) * size, prefixLength };
}

/** Writes `10.1.0.0/16`. */
export function formatCidr(range: Range): string {
  return `${formatAddress(range.first)}/${range.prefixLength}`;
}

/** Whether two ranges share an address. */
export function overlaps(a: string, b: string): boolean {
  const [x, y] = [parseCidr(a), parseCidr(b)];
  return x.first < y.first + sizeOf(y) && y.first < x.first + sizeOf(x);
}

/** Whether `inner` (a range or an address) lies wholly within `outer`. */
export function contains(outer: string, inner: string): boolean {
  const [x, y] = [parseCidr(outer), parseCidr(inner.includes('/') ? inner : `${inner}/32`)];
  return x.first <= y.first && y.first + sizeOf(y) <= x.first + sizeOf(x);
}
