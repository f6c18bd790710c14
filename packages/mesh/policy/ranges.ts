/** Sets of addresses, as few ranges as can be. */
import { formatCidr, type Range, sizeOf } from '../ipam/cidr.ts';

/** Disjoint, not adjacent, in order; `last` belongs to the span. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** All addresses of some ranges. */
export function spansOf(ranges: readonly Range[]): Span[] {
  const spans: { first: number; last: number }[] = [];
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    const last = range.first + sizeOf(range) - 1;
    const before = spans.at(-1);
    if (before && range.first <= before.last + 1) before.last = Math.max(before.last, last);
    else spans.push({ first: range.first, last });
  }
  return spans;
}

/** The same as prefixes in text, in order. */
export function cidrsOf(spans: readonly Span[]): string[] {
  const cidrs: string[] = [];
  for (const span of spans) {
    let first = span.first;
    while (first <= span.last) {
      let prefixLength = 32;
      // The largest prefix that begins here and goes no further than the span.
      while (prefixLength > 0) {
        const size = 2 ** (32 - prefixLength + 1);
        if (first % size !== 0 || first + size - 1 > span.last) break;
        prefixLength -= 1;
      }
      cidrs.push(formatCidr({ first, prefixLength }));
      first += 2 ** (32 - prefixLength);
    }
  }
  return cidrs;
}

/** Whether an address is in one of the spans. */
export function covers(spans: readonly Span[], address: number): boolean {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((spans[middle]?.last ?? 0) < address) low = middle + 1;
    else high = middle;
  }
  const span = spans[low];
  return span !== undefined && span.first <= address;
}

/** Whether the spans share an address with a range. */
export function touches(spans: readonly Span[], range: Range): boolean {
  const last = range.first + sizeOf(range) - 1;
  return spans.some((span) => span.first <= last && range.first <= span.last);
}
