/** The graph of links between clusters that a topology plans, by numbers of vertices for speed. */

/** A cluster that others can be linked to. */
export interface Vertex {
  readonly id: string;
  /** Its overlay range: what a planner tells clusters apart by, for a plan knows it before there is an id. */
  readonly range: string;
  /** Whether it can be called from outside. */
  readonly open: boolean;
}

export interface Graph {
  /** Ids of the vertices, sorted. */
  readonly vertices: readonly string[];
  /** Their ranges, in the same order. */
  readonly ranges: readonly string[];
  readonly numberOf: ReadonlyMap<string, number>;
  /** Numbers of the vertices that one is linked to, ascending. Links hold both ways; none leads to itself. */
  readonly linked: (vertex: number) => readonly number[];
}

/** Every vertex linked to every other, without a list of all links. */
export function completeGraph(vertices: readonly Vertex[]): Graph {
  const numbers = vertices.map((_, number) => number);
  return graph(vertices, (vertex) => numbers.filter((one) => one !== vertex));
}

/** A graph of these links, given once or twice each, in any order. Links of a vertex to itself are left out. */
export function graphOfLinks(vertices: readonly Vertex[], links: Iterable<readonly [number, number]>): Graph {
  const sets = vertices.map(() => new Set<number>());
  for (const [a, b] of links) {
    if (a === b) continue;
    sets[a]?.add(b);
    sets[b]?.add(a);
  }
  const lists = sets.map((set) => [...set].sort((a, b) => a - b));
  return graph(vertices, (vertex) => lists[vertex] ?? []);
}

function graph(vertices: readonly Vertex[], linked: Graph['linked']): Graph {
  return {
    vertices: vertices.map((one) => one.id),
    ranges: vertices.map((one) => one.range),
    numberOf: new Map(vertices.map((one, number) => [one.id, number])),
    linked,
  };
}

/** Each vertex of a list linked to the next, and the last to the first. */
export function* ring(order: readonly number[]): Generator<[number, number]> {
  for (const [place, vertex] of order.entries()) yield [vertex, order[(place + 1) % order.length] as number];
}
