/**
 * Checks that a value can be written as JSON.
 *
 * @module
 */

import { invalid } from "./invalid_data.ts";

/** Deepest accepted nesting of a JSON value. */
export const JSON_DEPTH_MAX = 200;
/**
 * Most parts and characters of a JSON value, each counted as often as it would be written. An object that stands in many
 * places takes little room, but whoever writes it out, as JSON say, could be at it for ever.
 */
export const JSON_SIZE_MAX = 2 ** 28;

/**
 * Throws `invalid-data`, with the path, unless JSON can express the value. A
 * field that is `undefined` passes, since `JSON.stringify` leaves it out.
 */
export function checkJson(value: unknown, path: string, maxSize: number = JSON_SIZE_MAX): void {
  const fault = new JsonWalk(maxSize).findFault(value, 0);
  if (fault === undefined) return;
  // Innermost key first. Paths are only put together where something is wrong: valid JSON can be large.
  const keys = fault.keys.reverse().map((key) => typeof key === "number" ? `[${key}]` : `.${key}`);
  throw invalid(`${path}${shortenPath(keys)}`, fault.message, fault.received, fault.expected);
}

interface JsonFault {
  readonly keys: (string | number)[];
  readonly message: string;
  readonly received: unknown;
  readonly expected: string;
}

class JsonWalk {
  /**
   * Levels below each object that was found sound, and its size. An object may
   * stand in many places; looked at anew in each, 40 of them can make a walk
   * that never ends. Only filled once there is much to see.
   */
  readonly #known = new Map<object, { readonly height: number; readonly size: number }>();
  readonly #maxSize: number;
  #visits = 0;
  #height = 0;
  #size = 0;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** Leaves the levels below the value in `#height`, and its size in `#size`, when nothing is wrong with it. */
  findFault(value: unknown, depth: number): JsonFault | undefined {
    this.#height = 0;
    this.#size = 1;
    switch (typeof value) {
      case "string":
        this.#size += value.length;
        return undefined;
      case "boolean":
        return undefined;
      case "number":
        return Number.isFinite(value) ? undefined : notJson(value, "a finite number");
      case "object":
        return value === null ? undefined : this.#findFaultIn(value, depth);
      default:
        return notJson(value, "a JSON value");
    }
  }

  #findFaultIn(value: object, depth: number): JsonFault | undefined {
    const known = this.#known.get(value);
    if (depth + (known?.height ?? 0) > JSON_DEPTH_MAX) {
      const message = "is nested too deeply, or cyclic";
      return { keys: [], message, received: value, expected: `at most ${JSON_DEPTH_MAX} levels` };
    }
    if (known !== undefined) {
      this.#height = known.height;
      this.#size = known.size;
      return undefined;
    }
    const isArray = Array.isArray(value);
    if (!isArray && !isPlainObject(value)) return notJson(value, "a plain object");
    const keys = isArray ? undefined : Object.keys(value);
    const count = isArray ? value.length : (keys as string[]).length;
    let height = 0;
    let size = 1;
    for (let i = 0; i < count; i++) {
      const key = keys === undefined ? i : keys[i] as string;
      const member = (value as Record<string | number, unknown>)[key];
      if (member === undefined && !isArray) continue;
      const fault = this.findFault(member, depth + 1);
      if (fault !== undefined) {
        fault.keys.push(key);
        return fault;
      }
      height = Math.max(height, this.#height + 1);
      size += this.#size + (isArray ? 0 : (key as string).length);
    }
    if (size > this.#maxSize) {
      const expected = `at most ${this.#maxSize} parts and characters`;
      return { keys: [], message: "is too large when it is written out", received: value, expected };
    }
    this.#visits += 1;
    if (this.#visits > UNTRACKED_VISITS) this.#known.set(value, { height, size });
    this.#height = height;
    this.#size = size;
    return undefined;
  }
}

/** Objects of a JSON value that are looked at before those found sound are remembered. */
const UNTRACKED_VISITS = 1_000;

function notJson(received: unknown, expected: string): JsonFault {
  return { keys: [], message: "cannot be written as JSON", received, expected };
}

function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A path through a cycle has {@linkcode JSON_DEPTH_MAX} steps, of which the first few tell enough. */
function shortenPath(steps: readonly string[]): string {
  return steps.length <= PATH_STEPS_MAX ? steps.join("") : `${steps.slice(0, PATH_STEPS_MAX).join("")}…`;
}

const PATH_STEPS_MAX = 20;
