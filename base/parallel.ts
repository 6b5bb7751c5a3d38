// Runs work over a list with a few items in flight, for example decoding photos.

/**
 * Calls `work(index)` for every index below `count`, at most `concurrency` at a time, in ascending order of start.
 * After the first failure, or once `signal` fires, no new work starts. Work in flight is awaited, then the error is
 * thrown: no work outlives the call.
 *
 * @internal
 */
export async function forEachParallel(
  count: number,
  work: (index: number) => Promise<void>,
  options: { concurrency: number; signal?: AbortSignal },
): Promise<void> {
  let next = 0;
  async function lane(): Promise<void> {
    try {
      while (next < count) {
        options.signal?.throwIfAborted();
        await work(next++);
      }
    } catch (error) {
      next = count; // the other lanes find nothing left to start
      throw error;
    }
  }
  const lanes = Array.from({ length: Math.min(Math.max(1, options.concurrency), count) }, lane);
  for (const result of await Promise.allSettled(lanes)) {
    if (result.status === "rejected") throw result.reason;
  }
}
