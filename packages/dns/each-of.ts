/**
 * Does something with each item, at most `atOnce` at the same time.
 * @throws the first failure, when what was under way has ended; no further item is begun after it.
 */
export async function eachOf<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  let failed = false;
  const worker = async () => {
    for (const item of rest) {
      if (failed) return;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  const first = ended.find((one) => one.status === 'rejected');
  if (first) throw first.reason;
}
