/** Puts changes into batches that a service takes. Pure. */

/** Of one batch, or of one item: how much of what (record values, characters, bytes). */
export type Amounts = Readonly<Record<string, number>>;

/**
 * Items in batches, in order, as many in each as its limits allow. An item that alone is beyond a limit gets a batch of
 * its own, for the service to refuse: no other suffers with it.
 */
export function inBatches<T>(items: readonly T[], limits: Amounts, cost: (item: T) => Amounts): T[][] {
  const batches: T[][] = [];
  let filled: Record<string, number> = {};
  for (const item of items) {
    const more = cost(item);
    const sum = Object.fromEntries(
      Object.keys(limits).map((of) => [of, (filled[of] ?? 0) + (more[of] ?? 0)]),
    );
    const last = batches.at(-1);
    if (last && Object.entries(limits).every(([of, most]) => (sum[of] ?? 0) <= most)) {
      last.push(item);
      filled = sum;
    } else {
      batches.push([item]);
      filled = { ...more };
    }
  }
  return batches;
}

/** The two halves of a batch of two or more. */
export function halves<T>(batch: readonly T[]): [T[], T[]] {
  const middle = Math.ceil(batch.length / 2);
  return [batch.slice(0, middle), batch.slice(middle)];
}
