import { Topology } from '@skein/contract/primitive.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../ipam/cidr.ts';
import type { Graph, Vertex } from './graph.ts';
import { hubOf } from './hub.ts';
import { planGraph, type TopologySetting } from './plan.ts';
import { RANDOM_DEGREE } from './random.ts';
import { pathBetween, waysFrom } from './ways.ts';

/** A range that follows from the number in the id, as one is given out and kept for the cluster's life. */
const vertex = (id: string): Vertex => {
  const number = id === 'clu_new' ? 4_000_000 : Number(id.slice(4));
  return {
    id,
    range: `${formatAddress(parseAddress('100.64.0.0') + number * 256)}/24`,
    open: number % 3 === 1,
  };
};
const verticesOf = (ids: readonly string[]) => [...ids].sort().map(vertex);
const plan = (topology: TopologySetting['topology'], ids: readonly string[], seed: string) =>
  planGraph({ topology, hubClusterId: null }, seed, verticesOf(ids));

/** Ids as the control plane makes them: nobody chooses them, and they are all different. */
const anyIds = (max: number) =>
  fc
    .tuple(fc.integer({ min: 1, max }), fc.nat())
    .map(([count, salt]) =>
      Array.from({ length: count }, (_, at) => `clu_${(at * 7919 + salt) % 1_000_003}`),
    );
const anySeed = fc.nat().map((number) => `net_${number}`);

const edgesOf = (graph: Graph): Set<string> =>
  new Set(
    graph.vertices.flatMap((id, number) =>
      graph
        .linked(number)
        .map((other) => graph.vertices[other] ?? '')
        .filter((other) => id < other)
        .map((other) => `${id} ${other}`),
    ),
  );
const degreesOf = (graph: Graph) => graph.vertices.map((_, number) => graph.linked(number).length);

/** Hops to each vertex, found without the planner's help. */
function depthsFrom(graph: Graph, root: number): number[] {
  const depths = graph.vertices.map(() => Number.POSITIVE_INFINITY);
  depths[root] = 0;
  const queue = [root];
  for (const from of queue)
    for (const to of graph.linked(from))
      if (depths[to] === Number.POSITIVE_INFINITY) {
        depths[to] = (depths[from] ?? 0) + 1;
        queue.push(to);
      }
  return depths;
}
const diameterOf = (graph: Graph) =>
  graph.vertices.reduce((most, _, root) => Math.max(most, ...depthsFrom(graph, root)), 0);

const log2 = (count: number) => Math.log2(Math.max(2, count));
/** The bounds that each planner states. */
const BOUNDS = {
  hybrid: { degree: (n: number) => n - 1, diameter: () => 1, changed: (n: number) => n - 1 },
  full: { degree: (n: number) => n - 1, diameter: () => 1, changed: (n: number) => n - 1 },
  hub: { degree: (n: number) => n - 1, diameter: () => 2, changed: () => 1 },
  random: {
    degree: () => RANDOM_DEGREE,
    diameter: (n: number) => 2 * log2(n) + 2,
    changed: () => RANDOM_DEGREE * 1.5,
  },
  structured: {
    degree: (n: number) => 2 * log2(n) + 12,
    diameter: (n: number) => log2(n) + 4,
    // Three links a level.
    changed: (n: number) => 3 * (log2(n) + 6),
  },
};

describe.each(Topology.options)('%s', (topology) => {
  const bounds = BOUNDS[topology];
  const most = bounds.diameter(1000) < 3 ? 40 : 300;

  test('connected, within its bounds of degree and diameter; links hold both ways', () => {
    fc.assert(
      fc.property(anyIds(most), anySeed, (ids, seed) => {
        const graph = plan(topology, ids, seed);
        const lists = graph.vertices.map((_, number) => graph.linked(number));
        const sets = lists.map((list) => new Set(list));
        const wrong = lists.flatMap((list, from) => list.filter((to) => to === from || !sets[to]?.has(from)));
        expect(wrong).toEqual([]);
        expect(Math.max(...degreesOf(graph))).toBeLessThanOrEqual(bounds.degree(ids.length));
        expect(diameterOf(graph)).toBeLessThanOrEqual(ids.length > 1 ? bounds.diameter(ids.length) : 0);
      }),
      { numRuns: 25 },
    );
  });

  test('no loop, the same path both ways, and each hop agrees with the one before it', () => {
    fc.assert(
      fc.property(anyIds(40), anySeed, (ids, seed) => {
        const graph = plan(topology, ids, seed);
        const { vertices } = graph;
        // Fresh graphs for the answers: a memo must not hide what a second agent would find.
        const other = plan(topology, ids, seed);
        const next = new Map(
          vertices.map((id) => {
            const hops = [...waysFrom(other, id)].flatMap(([over, reached]) =>
              reached.map((to) => [to, over] as const),
            );
            return [id, { hops: new Map(hops), count: hops.length }];
          }),
        );
        const wrong: string[] = [];
        for (const [root, from] of vertices.entries()) {
          const { hops, count } = next.get(from) as { hops: Map<string, string>; count: number };
          // Each other cluster is reached over exactly one neighbour.
          if (hops.size !== count || count !== vertices.length - 1) wrong.push(`ways of ${from}`);
          const depths = depthsFrom(graph, root);
          for (const [end, to] of vertices.entries()) {
            if (from === to) continue;
            const walked = [from];
            for (let at = from; at !== to && walked.length <= vertices.length; ) {
              at = next.get(at)?.hops.get(to) ?? 'nowhere';
              walked.push(at);
            }
            const path = walked.join(' ');
            if (walked.length - 1 !== depths[end]) wrong.push(`not the shortest: ${path}`);
            if (pathBetween(graph, from, to)?.join(' ') !== path) wrong.push(`another path: ${path}`);
            if (pathBetween(graph, to, from)?.reverse().join(' ') !== path)
              wrong.push(`another way back: ${path}`);
          }
        }
        expect(wrong).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  test('one cluster more or less changes links in the number of its own', () => {
    fc.assert(
      fc.property(anyIds(most), anySeed, (ids, seed) => {
        const [before, after] = [plan(topology, ids, seed), plan(topology, [...ids, 'clu_new'], seed)];
        const [old, now] = [edgesOf(before), edgesOf(after)];
        const changed =
          [...old].filter((one) => !now.has(one)).length + [...now].filter((one) => !old.has(one)).length;
        const own = after.linked(after.numberOf.get('clu_new') ?? -1).length;
        // A hub that moves takes all its links along: see below what keeps it in its place.
        if (
          topology === 'hub' &&
          hubOf(verticesOf(ids), null) !== hubOf(verticesOf([...ids, 'clu_new']), null)
        )
          return;
        expect(changed).toBeLessThanOrEqual(bounds.changed(ids.length + 1));
        expect(changed).toBeLessThanOrEqual(2 * own);
      }),
      { numRuns: 40 },
    );
  });

  test('the same in whatever order clusters are named', () => {
    const ids = Array.from({ length: 40 }, (_, at) => `clu_${at}`);
    const again = plan(topology, [...ids].reverse(), 'net_1');
    expect(edgesOf(plan(topology, ids, 'net_1'))).toEqual(edgesOf(again));
  });
});

test('random graphs and rings differ from network to network', () => {
  const ids = Array.from({ length: 40 }, (_, at) => `clu_${at}`);
  for (const topology of ['random', 'structured'] as const)
    expect(edgesOf(plan(topology, ids, 'net_1'))).not.toEqual(edgesOf(plan(topology, ids, 'net_2')));
});

test('a hub: the chosen cluster, else the first range that can be called from outside, else the first', () => {
  const clusters: Vertex[] = [
    { id: 'clu_c', range: '100.64.0.0/24', open: false },
    { id: 'clu_b', range: '100.64.10.0/24', open: true },
    { id: 'clu_a', range: '100.64.9.0/24', open: true },
  ];
  expect(hubOf(clusters, 'clu_c')).toBe('clu_c');
  expect(hubOf(clusters, 'clu_gone')).toBe('clu_a');
  expect(hubOf(clusters, null)).toBe('clu_a');
  expect(hubOf(clusters.slice(0, 1), null)).toBe('clu_c');
  expect(hubOf([], null)).toBeUndefined();
  // One more cluster comes with a later range, whatever its id.
  expect(hubOf([...clusters, { id: 'clu_0', range: '100.64.11.0/24', open: true }], null)).toBe('clu_a');
});

test('a thousand clusters: all ways of one cluster in a moment', () => {
  const ids = Array.from({ length: 1000 }, (_, at) => `clu_${at}`);
  for (const topology of Topology.options) {
    const graph = plan(topology, ids, 'net_1');
    const start = performance.now();
    for (const id of ids.slice(0, 20)) waysFrom(graph, id);
    const each = (performance.now() - start) / 20;
    expect(each).toBeLessThan(50);
  }
});
