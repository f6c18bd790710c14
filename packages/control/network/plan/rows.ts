import type { HeldRow } from './shape.ts';

/** Rows by what they are of: at most one that is not gone for each cluster and key. */
export class Rows {
  readonly #rows: ReadonlyMap<string, HeldRow>;
  constructor(rows: readonly HeldRow[]) {
    this.#rows = new Map(rows.map((row) => [`${row.clusterId} ${row.key}`, row]));
  }
  at(clusterId: string | null, key: string): HeldRow | undefined {
    return this.#rows.get(`${clusterId} ${key}`);
  }
}
