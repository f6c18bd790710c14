/**
 * Hub topology: a star. Every cluster holds links to the hub's gateways alone, and what goes from one to another goes
 * through the hub. Degree 1, the hub's n - 1; diameter 2. Another cluster adds one link.
 */
import { parseCidr } from '../ipam/cidr.ts';
import { type Graph, graphOfLinks, type Vertex } from './graph.ts';

/** @param wish the cluster chosen as hub; while it is not among the vertices, the best of the others stands in */
export function hub(vertices: readonly Vertex[], wish: string | null): Graph {
  const ids = vertices.map((one) => one.id);
  const centre = ids.indexOf(hubOf(vertices, wish) ?? '');
  return graphOfLinks(
    vertices,
    ids.map((_, number): [number, number] => [centre, number]),
  );
}

/**
 * The wished hub, else the first cluster that can be called from outside. Ranges are given out in ascending order, so
 * that a cluster which comes later does not take the hub's place.
 */
export function hubOf(vertices: readonly Vertex[], wish: string | null): string | undefined {
  if (vertices.some((one) => one.id === wish)) return wish ?? undefined;
  const best = [...vertices].sort(
    (a, b) => Number(b.open) - Number(a.open) || parseCidr(a.range).first - parseCidr(b.range).first,
  );
  return best[0]?.id;
}
