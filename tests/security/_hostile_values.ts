/** Values that a hostile worker may post, drawn by seed. Used in workers as well: imports nothing of the engine. */

import type { Random } from "../_support/random.ts";

const LEAVES: readonly (() => unknown)[] = [
  ...[undefined, null, true, 0, -0, -1, 1, 0.5, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 53, 1e308].map((v) => () => v),
  ...["", "x", "data", "end", "ready", "__proto__", "constructor", "\ud800", "y".repeat(100_000)].map((v) => () => v),
  () => 1n,
  () => new Date(NaN),
  () => new Map([["t", "data"]]),
  () => new Error("hostile", { cause: new RangeError("cause") }),
  () => /x/,
  () => new Float32Array(4),
  () => new Uint8Array(new ArrayBuffer(64), 8, 8),
  () => new Int16Array(new SharedArrayBuffer(64)),
  () => new Array(100_000),
  () => new Array(100_000).fill(0),
  () => JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}'),
  () => {
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = cyclic;
    return cyclic;
  },
  // As JSON it would be endless.
  () => Array.from({ length: 60 }).reduce((inner: unknown) => [inner, inner], "x"),
  () => Array.from({ length: 60 }).reduce<object>((inner) => ({ a: inner, b: inner }), {}),
  () => {
    let deep: unknown = 1;
    for (let i = 0; i < 500; i++) deep = { cause: deep };
    return deep;
  },
];

const KEYS = [
  ...["t", "s", "e", "b", "d", "m", "p", "r", "n", "id", "type", "name", "value", "notice", "entry", "ok", "error"],
  ...["outcome", "metrics", "nodes", "edges", "row", "end", "columns", "nodeId", "pluginName", "level", "message"],
  ...[
    "streamrack",
    "reason",
    "code",
    "detail",
    "problems",
    "cause",
    "fields",
    "stack",
    "__proto__",
    "constructor",
    "then",
  ],
];

/** A value of any form. */
export function hostileValue(random: Random, depth = 0): unknown {
  const draw = random.unit();
  if (depth > 3 || draw < 0.6) return random.pick(LEAVES)();
  if (draw < 0.7) return Array.from({ length: random.integer(0, 5) }, () => hostileValue(random, depth + 1));
  const made = {};
  for (let n = random.integer(0, 5); n > 0; n--) put(made, random.pick(KEYS), hostileValue(random, depth + 1));
  return made;
}

/** A copy of a message that differs in a place or two; or anything else. */
export function mutated(message: unknown, random: Random): unknown {
  if (typeof message !== "object" || message === null || random.unit() < 0.15) return hostileValue(random);
  const copy = structuredClone(message);
  for (let n = random.integer(1, 2); n > 0; n--) mutateOnce(copy, random);
  return copy;
}

function mutateOnce(root: object, random: Random): void {
  let at: object = root;
  for (;;) {
    const keys = Object.keys(at);
    const key = keys.length === 0 || random.unit() < 0.1 ? random.pick(KEYS) : random.pick(keys);
    const value = (at as Record<string, unknown>)[key];
    const isInner = typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
    if (isInner && random.unit() < 0.7) {
      at = value;
      continue;
    }
    if (random.unit() < 0.15) delete (at as Record<string, unknown>)[key];
    else if (typeof value === "number" && random.unit() < 0.5) {
      put(at, key, value + random.pick([-1, 1, 1_000, 0.5, 2 ** 32]));
    } else put(at, key, hostileValue(random, 2));
    return;
  }
}

/** Not an assignment: a key such as __proto__ would change the prototype, and never be posted. */
function put(target: object, key: string, value: unknown): void {
  try {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } catch {
    // The length of an array, say.
  }
}
