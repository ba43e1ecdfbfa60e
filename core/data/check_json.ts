/**
 * Checks that a value can be written as JSON.
 *
 * @module
 */

import { invalid } from "./invalid_data.ts";

/** Deepest accepted nesting of a JSON value. */
export const JSON_DEPTH_MAX = 200;

/**
 * Throws `invalid-data`, with the path, unless JSON can express the value. A
 * field that is `undefined` passes, since `JSON.stringify` leaves it out.
 */
export function checkJson(value: unknown, path: string): void {
  const fault = new JsonWalk().findFault(value, 0);
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
   * How many levels lie below each object that was found sound. An object may
   * stand in many places; looked at anew in each, 40 of them can make a walk
   * that never ends. Only filled once there is much to see.
   */
  readonly #heights = new Map<object, number>();
  #visits = 0;
  #height = 0;

  /** Leaves the levels below the value in `#height` when nothing is wrong with it. */
  findFault(value: unknown, depth: number): JsonFault | undefined {
    this.#height = 0;
    switch (typeof value) {
      case "string":
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
    const known = this.#heights.get(value);
    if (depth + (known ?? 0) > JSON_DEPTH_MAX) {
      const message = "is nested too deeply, or cyclic";
      return { keys: [], message, received: value, expected: `at most ${JSON_DEPTH_MAX} levels` };
    }
    if (known !== undefined) {
      this.#height = known;
      return undefined;
    }
    const isArray = Array.isArray(value);
    if (!isArray && !isPlainObject(value)) return notJson(value, "a plain object");
    const keys = isArray ? undefined : Object.keys(value);
    const count = isArray ? value.length : (keys as string[]).length;
    let height = 0;
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
    }
    this.#visits += 1;
    if (this.#visits > UNTRACKED_VISITS) this.#heights.set(value, height);
    this.#height = height;
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
