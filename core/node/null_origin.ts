/**
 * Calls with `location` hidden where it has no origin: libraries for
 * browsers take `location.origin` for the base of URLs, and in a worker that
 * was loaded from a file that is "null" on Deno. `@huggingface/transformers`
 * and ONNX Runtime do so while they are imported.
 */
export async function withoutNullOrigin<T>(call: () => Promise<T>): Promise<T> {
  const own = Object.getOwnPropertyDescriptor(globalThis, "location");
  if (own?.configurable !== true || globalThis.location?.origin !== "null") return await call();
  Object.defineProperty(globalThis, "location", { value: undefined, configurable: true });
  try {
    return await call();
  } finally {
    Object.defineProperty(globalThis, "location", own);
  }
}
