/** Concurrent AWS requests; the limits of AWS are per account and shared with other clients. */
const CONCURRENCY = 8;

/** Runs `work` on all items, a few at a time. Results are in the order of the items. Errors: the first that any work raises. */
export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, worker));
  return results;
}
