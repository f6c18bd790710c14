/** IPv4 ranges as numbers. */

export interface Cidr {
  /** First address. */
  base: number;
  length: number;
}

/** `10.0.0.0/16`; undefined when it is no IPv4 range. Bits beyond the prefix are cleared, as AWS does. */
export function parseCidr(text: string): Cidr | undefined {
  const match = text.match(/^([\d.]+)\/(\d{1,2})$/);
  const address = parseAddress(match?.[1] ?? '');
  const length = Number(match?.[2]);
  if (!match || address === undefined || length > 32) return undefined;
  return { base: address - (address % 2 ** (32 - length)), length };
}

export function parseAddress(text: string): number | undefined {
  const match = text.match(/^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/);
  const bytes = match?.slice(1).map(Number) ?? [];
  if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) return undefined;
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

export const formatAddress = (address: number) =>
  [24, 16, 8, 0].map((bits) => (address >>> bits) & 255).join('.');
export const formatCidr = (cidr: Cidr) => `${formatAddress(cidr.base)}/${cidr.length}`;
export const sizeOf = (cidr: Cidr) => 2 ** (32 - cidr.length);
export const contains = (outer: Cidr, inner: Cidr) =>
  inner.length >= outer.length && inner.base >= outer.base && inner.base < outer.base + sizeOf(outer);
export const overlaps = (a: Cidr, b: Cidr) => contains(a, b) || contains(b, a);

/** Of a range already known to be one. */
export function knownCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (!cidr) throw new Error(`the lab's state holds ${text}, which is no range`);
  return cidr;
}
