/** Numbers that look random and follow from texts alone: the same on every machine. No secret hangs on them. */

/** 53 bits of a text (cyrb53, public domain). */
export function hashOf(text: string): number {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = mixed(a, b);
  b = mixed(b, a);
  return (b & 0x1fffff) * 2 ** 32 + (a >>> 0);
}

/** 44 bits of two numbers, whichever comes first. */
export function hashOfPair(one: number, other: number): number {
  const [small, large] = one < other ? [one, other] : [other, one];
  const low = mixed(small >>> 0, (large / 2 ** 32) >>> 0);
  const high = mixed((large >>> 0) ^ 0x9e3779b9, (small / 2 ** 32) >>> 0);
  const [a, b] = [mixed(low, high), mixed(high, Math.imul(low, 0x85ebca6b))];
  return (b & 0xfff) * 2 ** 32 + (a >>> 0);
}

function mixed(value: number, other: number): number {
  const first = Math.imul(value ^ (value >>> 16), 2246822507);
  const second = Math.imul(other ^ (other >>> 13), 3266489909);
  const both = first ^ second;
  return Math.imul(both ^ (both >>> 15), 0x2c1b3c6d) ^ (both >>> 12);
}
