/**
 * Random topology: a k-regular random graph, as the union of k/2 rings, each of all clusters in an order of its own. So
 * it is connected whatever the orders are, each cluster has at most k links, and one more cluster takes a place in each
 * ring: it brings k links and ends k/2, wherever it comes to lie.
 *
 * Degree at most 4. Diameter at most 2 log2 n + 2 for all orders that were tried (the tests try more); that of a random
 * 4-regular graph is about log3 n.
 */
import { type Graph, graphOfLinks, ring, type Vertex } from './graph.ts';
import { hashOf } from './hash.ts';

export const RANDOM_DEGREE = 4;

export function random(vertices: readonly Vertex[], seed: string): Graph {
  const rings = Array.from({ length: RANDOM_DEGREE / 2 }, (_, which) =>
    ring(orderOf(vertices, `${seed} ${which}`)),
  );
  return graphOfLinks(
    vertices,
    rings.flatMap((links) => [...links]),
  );
}

/** Numbers of the vertices in an order that follows from the seed, and in which one more vertex changes no other's place. */
export function orderOf(vertices: readonly Vertex[], seed: string): number[] {
  const places = vertices.map(({ range }, number) => ({ number, place: hashOf(`${seed} ${range}`) }));
  return places.sort((a, b) => a.place - b.place || a.number - b.number).map((one) => one.number);
}
