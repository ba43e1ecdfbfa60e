/**
 * A bounded wait.
 *
 * @module
 */

/**
 * Waits for a promise, at most so long: gives its value, or `undefined` when
 * the time was up first. The promise itself goes on; a rejection passes.
 *
 * @param timeoutMs In milliseconds; `Infinity` waits for ever.
 */
export async function settledWithin<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  // Timers cannot be set beyond 2³¹ ms, 24 days: they would fire at once.
  if (timeoutMs >= 2 ** 31) return await promise;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<undefined>((resolve) => timer = setTimeout(() => resolve(undefined), timeoutMs)),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
