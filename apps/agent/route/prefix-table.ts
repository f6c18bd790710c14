/** Something said of prefixes, found by prefix and by the narrowest one around it; made for thousands of them. */
import { parseCidr, type Range, sizeOf } from '@skein/mesh/ipam/cidr.ts';

export class PrefixTable<T> {
  readonly #entries = new Map<number, { cidr: string; range: Range; said: T }>();
  /** Lengths that occur, longest first: hardly ever more than three. */
  #lengths: number[] = [];

  /** @param range what `cidr` parses to, where the caller has it */
  set(cidr: string, said: T, range: Range = parseCidr(cidr)): void {
    this.#entries.set(keyOf(range.first, range.prefixLength), { cidr, range, said });
    if (this.#lengths.includes(range.prefixLength)) return;
    this.#lengths = [...this.#lengths, range.prefixLength].sort((a, b) => b - a);
  }

  get(range: Range): T | undefined {
    return this.#entries.get(keyOf(range.first, range.prefixLength))?.said;
  }

  /** What is said of the narrowest prefix that holds `range`, which may be itself. */
  around(range: Range): T | undefined {
    return this.#narrowest(range, range.prefixLength);
  }

  /** What is said of the narrowest prefix that holds `range` and is not it. */
  outside(range: Range): T | undefined {
    return this.#narrowest(range, range.prefixLength - 1);
  }

  #narrowest(range: Range, longest: number): T | undefined {
    for (const prefixLength of this.#lengths) {
      if (prefixLength > longest) continue;
      const size = sizeOf({ first: 0, prefixLength });
      const entry = this.#entries.get(keyOf(Math.floor(range.first / size) * size, prefixLength));
      if (entry) return entry.said;
    }
    return undefined;
  }

  /** From wide to narrow, and by address. */
  sorted(): { cidr: string; range: Range; said: T }[] {
    return [...this.#entries.values()].sort(
      (a, b) => a.range.prefixLength - b.range.prefixLength || a.range.first - b.range.first,
    );
  }
}

function keyOf(first: number, prefixLength: number): number {
  return first * 64 + prefixLength;
}
