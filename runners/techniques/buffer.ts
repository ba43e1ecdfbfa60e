/**
 * A bounded buffer between a source and its reader.
 *
 * @module
 */

/**
 * Reads ahead, so that a source goes on while its reader is busy, up to a
 * number of values; then the source waits. A failure comes after the values
 * before it.
 *
 * @param capacity Most values that wait, from 1.
 */
export async function* buffered<T>(source: AsyncIterable<T>, capacity: number): AsyncGenerator<T, void, void> {
  if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`capacity is ${capacity}; expected 1 or more`);
  const iterator = source[Symbol.asyncIterator]();
  const queue: T[] = [];
  let ended: { readonly failure?: { readonly thrown: unknown } } | undefined;
  let left = false;
  let wakeReader = () => {};
  let wakeSource = () => {};
  const pump = async () => {
    try {
      while (!left) {
        if (queue.length >= capacity) {
          await new Promise<void>((resolve) => wakeSource = resolve);
          continue;
        }
        const step = await iterator.next();
        if (step.done) break;
        queue.push(step.value);
        wakeReader();
      }
      ended = {};
    } catch (thrown) {
      ended = { failure: { thrown } };
    }
    wakeReader();
  };
  void pump(); // never rejects
  try {
    for (;;) {
      while (queue.length > 0) {
        const value = queue.shift() as T;
        wakeSource();
        yield value;
      }
      if (ended?.failure !== undefined) throw ended.failure.thrown;
      if (ended !== undefined) return;
      await new Promise<void>((resolve) => wakeReader = resolve);
    }
  } finally {
    left = true;
    wakeSource();
    await iterator.return?.();
  }
}
