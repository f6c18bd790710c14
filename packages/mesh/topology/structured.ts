/**
 * Structured topology: rings of rings, a skip graph (Aspnes and Shah 2003). All clusters stand on one ring in the order of
 * hashed places. Each has random bits; those whose first bits agree form rings of their own, in the same order, one ring
 * more for each bit, until a cluster stands alone. On level l a neighbour is about 2^l places away, as a finger of Chord
 * is, but one more cluster takes one place on each of its levels: it changes three links a level, and no others.
 *
 * Degree at most 2 log2 n + 12, which counts two links a level and levels down to rings of two; diameter at most
 * log2 n + 4. Both held in all that was tried (the tests try more).
 */
import { type Graph, graphOfLinks, ring, type Vertex } from './graph.ts';
import { hashOf } from './hash.ts';
import { orderOf } from './random.ts';

/** Two clusters whose first bits are equal this far share a ring there and part nowhere: nobody has so many. */
const LEVELS = 48;

export function structured(vertices: readonly Vertex[], seed: string): Graph {
  const bits = vertices.map(({ range }) => hashOf(`${seed} bits ${range}`));
  return graphOfLinks(vertices, ringsBelow(orderOf(vertices, `${seed} places`), bits, 0));
}

function* ringsBelow(
  order: readonly number[],
  bits: readonly number[],
  level: number,
): Generator<[number, number]> {
  if (order.length < 2 || level >= LEVELS) return;
  yield* ring(order);
  for (const bit of [0, 1]) {
    const half = order.filter((vertex) => Math.floor((bits[vertex] ?? 0) / 2 ** level) % 2 === bit);
    yield* ringsBelow(half, bits, level + 1);
  }
}
