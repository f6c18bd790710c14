/**
 * Hybrid topology: the gateways of each cluster hold tunnels to those of every other. Degree n - 1, diameter 1: the
 * shortest ways, at a price that grows with the clusters. Another cluster adds one link to each that is there.
 */
import { completeGraph, type Graph, type Vertex } from './graph.ts';

export function hybrid(vertices: readonly Vertex[]): Graph {
  return completeGraph(vertices);
}
