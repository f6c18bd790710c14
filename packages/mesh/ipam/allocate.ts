/** Gives out ranges of a pool and addresses of a range: always the lowest that is free, so that plans repeat. */
import { formatAddress, formatCidr, parseAddress, parseCidr, sizeOf } from './cidr.ts';

export type RangeGrant = { ok: true; cidr: string } | { ok: false; reason: 'pool-full' };
export type AddressGrant = { ok: true; address: string } | { ok: false; reason: 'range-full' };

/**
 * The lowest range of `prefixLength` in `pool` that overlaps none of `taken` (ranges of any size, in any order).
 * A `prefixLength` shorter than the pool's own throws RangeError.
 */
export function allocateCidr(pool: string, prefixLength: number, taken: readonly string[]): RangeGrant {
  const whole = parseCidr(pool);
  if (prefixLength < whole.prefixLength || prefixLength > 32)
    throw new RangeError(`a /${prefixLength} cannot be cut from ${pool}`);
  const size = 2 ** (32 - prefixLength);
  const end = whole.first + sizeOf(whole);
  const used = taken.map(parseCidr).sort((a, b) => a.first - b.first || a.prefixLength - b.prefixLength);
  let first = whole.first;
  for (const range of used) {
    if (range.first >= first + size) break;
    const after = range.first + sizeOf(range);
    // The next aligned block after this range; ranges wholly before the candidate do not move it.
    if (after > first) first = Math.ceil(after / size) * size;
  }
  if (first + size > end) return { ok: false, reason: 'pool-full' };
  return { ok: true, cidr: formatCidr({ first, prefixLength }) };
}

/** The lowest address of `cidr` not in `taken`. The first and the last address of the range are never given. */
export function allocateAddress(cidr: string, taken: Iterable<string>): AddressGrant {
  const range = parseCidr(cidr);
  const used = new Set<number>();
  for (const address of taken) used.add(parseAddress(address));
  const end = range.first + sizeOf(range) - 1;
  for (let address = range.first + 1; address < end; address += 1)
    if (!used.has(address)) return { ok: true, address: formatAddress(address) };
  return { ok: false, reason: 'range-full' };
}
