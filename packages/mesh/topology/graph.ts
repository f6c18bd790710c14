/** The graph of links between clusters that a topology plans, by numbers of vertices for speed. */

/** A cluster that others can be linked to. */
export interface Vertex {
  readonly id: string;
  /** Its overlay range. */
  readonly range: string;
  /** Whether it can be called from outside. */
  readonly open: boolean;
}

export interface Graph {
  /** Ids of the vertices, sorted. */
  readonly vertices: readonly string[];
  readonly numberOf: ReadonlyMap<string, number>;
  /** Numbers of the vertices that one is linked to, ascending. Links hold both ways; none leads to itself. */
  readonly linked: (vertex: number) => readonly number[];
}

/** Every vertex linked to every other, without a list of all links. */
export function completeGraph(ids: readonly string[]): Graph {
  const numbers = ids.map((_, number) => number);
  return graph(ids, (vertex) => numbers.filter((one) => one !== vertex));
}

/** A graph of these links, given once or twice each, in any order. Links of a vertex to itself are left out. */
export function graphOfLinks(ids: readonly string[], links: Iterable<readonly [number, number]>): Graph {
  const sets = ids.map(() => new Set<number>());
  for (const [a, b] of links) {
    if (a === b) continue;
    sets[a]?.add(b);
    sets[b]?.add(a);
  }
  const lists = sets.map((set) => [...set].sort((a, b) => a - b));
  return graph(ids, (vertex) => lists[vertex] ?? []);
}

function graph(vertices: readonly string[], linked: Graph['linked']): Graph {
  return { vertices, numberOf: new Map(vertices.map((id, number) => [id, number])), linked };
}

/** Each vertex of a list linked to the next, and the last to the first. */
export function* ring(order: readonly number[]): Generator<[number, number]> {
  for (const [place, vertex] of order.entries()) yield [vertex, order[(place + 1) % order.length] as number];
}
