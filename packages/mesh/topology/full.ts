/**
 * Full topology: every peer holds a tunnel to every other of the whole network, and no traffic between clusters passes
 * a gateway. As a graph of clusters it is complete, and joins those without a gateway too. Degree n - 1, diameter 1, for
 * peers as for clusters: for small networks, where each hop counts. Another peer adds one link to each that is there.
 */
import { completeGraph, type Graph, type Vertex } from './graph.ts';

export function full(vertices: readonly Vertex[]): Graph {
  return completeGraph(vertices);
}
