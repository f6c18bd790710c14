/**
 * Ways through a graph: those of the one shortest path of each pair. Lengths are hops, then a sum of numbers hashed from
 * the links: no two paths are equally long, but for one in about 2^40. So a part of a shortest path is the shortest
 * between its own ends, and the way back is the way there. WireGuard needs both: it lets a packet in only from the
 * neighbour to which it would send the answer.
 */
import type { Graph } from './graph.ts';
import { hashOf, hashOfPair } from './hash.ts';

/** By neighbour of a vertex: the vertices reached over it, itself first, the others in the order of their ids. */
export type Ways = ReadonlyMap<string, readonly string[]>;

interface Tree {
  /** The neighbour of the root over which each vertex is reached. */
  first: Int32Array;
  /** The vertex before each one on its path from the root. */
  previous: Int32Array;
}

// Graphs are immutable, so what is found in one is found once.
const treeMemo = new WeakMap<Graph, Map<number, Tree>>();
const wayMemo = new WeakMap<Graph, Map<string, Ways>>();
const hashMemo = new WeakMap<Graph, Float64Array>();

/** Nothing where the graph does not hold the vertex. */
export function waysFrom(graph: Graph, id: string): Ways {
  const memo = wayMemo.get(graph) ?? new Map<string, Ways>();
  wayMemo.set(graph, memo);
  const known = memo.get(id);
  if (known) return known;
  const ways = findWays(graph, id);
  memo.set(id, ways);
  return ways;
}

function findWays(graph: Graph, id: string): Ways {
  const root = graph.numberOf.get(id);
  const ways = new Map<string, string[]>();
  if (root === undefined) return ways;
  const neighbours = graph.linked(root);
  for (const one of neighbours) ways.set(graph.vertices[one] ?? '', [graph.vertices[one] ?? '']);
  if (neighbours.length === graph.vertices.length - 1) return ways;
  const { first } = treeFrom(graph, root);
  for (const [vertex, name] of graph.vertices.entries()) {
    const over = first[vertex] ?? -1;
    if (over >= 0 && over !== vertex) ways.get(graph.vertices[over] ?? '')?.push(name);
  }
  return ways;
}

/** The vertices on the way from one to another, both ends included; undefined where there is none. */
export function pathBetween(graph: Graph, from: string, to: string): string[] | undefined {
  const [root, end] = [graph.numberOf.get(from), graph.numberOf.get(to)];
  if (root === undefined || end === undefined) return undefined;
  if (graph.linked(root).includes(end)) return [from, to];
  const path = [to];
  const { previous } = treeFrom(graph, root);
  for (let at = end; at !== root; ) {
    at = previous[at] ?? -1;
    if (at < 0) return undefined;
    path.push(graph.vertices[at] ?? '');
  }
  return path.reverse();
}

function treeFrom(graph: Graph, root: number): Tree {
  const memo = treeMemo.get(graph) ?? new Map<number, Tree>();
  treeMemo.set(graph, memo);
  const known = memo.get(root);
  if (known) return known;
  const tree = findTree(graph, root);
  memo.set(root, tree);
  return tree;
}

/** Layer by layer: each vertex of a layer is reached over that one of the layer before which makes the least sum. */
function findTree(graph: Graph, root: number): Tree {
  const count = graph.vertices.length;
  const hashes = hashesOf(graph);
  const first = new Int32Array(count).fill(-1);
  const previous = new Int32Array(count).fill(-1);
  const sums = new Float64Array(count);
  const layers = new Int32Array(count).fill(-1);
  layers[root] = 0;
  let layer = [root];
  for (let depth = 1; layer.length > 0; depth += 1) {
    const next: number[] = [];
    for (const from of layer)
      for (const to of graph.linked(from)) {
        if (layers[to] === -1) {
          layers[to] = depth;
          next.push(to);
        } else if (layers[to] !== depth) continue;
        const sum = (sums[from] ?? 0) + hashOfPair(hashes[from] ?? 0, hashes[to] ?? 0);
        if (previous[to] !== -1 && (sums[to] ?? 0) <= sum) continue;
        sums[to] = sum;
        previous[to] = from;
        first[to] = from === root ? to : (first[from] ?? -1);
      }
    layer = next;
  }
  return { first, previous };
}

function hashesOf(graph: Graph): Float64Array {
  const known = hashMemo.get(graph);
  if (known) return known;
  const hashes = Float64Array.from(graph.ranges, hashOf);
  hashMemo.set(graph, hashes);
  return hashes;
}
