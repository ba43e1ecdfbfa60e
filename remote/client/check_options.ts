/**
 * Whether a client can be made.
 *
 * @module
 */

import { displayValue, type Problem, StreamrackError } from "../../core/errors.ts";
import type { ClientOptions } from "./types.ts";

/** The range of each option that is a number. */
const RANGES = {
  connectTimeoutMs: [1, 2 ** 31 - 1],
  timeoutMs: [1, 2 ** 31 - 1],
  maxAttempts: [1, 5],
  maxMessageBytes: [1, 2 ** 31 - 1],
  keepaliveTimeMs: [1, 2 ** 31 - 1],
  keepaliveTimeoutMs: [1, 2 ** 31 - 1],
} as const satisfies { readonly [K in keyof ClientOptions]: readonly [min: number, max: number] };

/** @throws {StreamrackError} `invalid-options` with every problem. */
export function checkClient(address: string, options: ClientOptions): void {
  const problems: Problem[] = [];
  if (typeof address !== "string" || !/^(\[[0-9a-fA-F:.%]+\]|[^:[\]\s/]+):\d{1,5}$/.test(address)) {
    const expected = 'host and port, such as "localhost:50051"';
    problems.push({ path: "address", message: "is not an address", received: displayValue(address), expected });
  }
  for (const [name, [min, max]] of Object.entries(RANGES)) {
    const value = options[name as keyof typeof RANGES];
    if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) continue;
    const expected = `a whole number from ${min} to ${max}`;
    problems.push({ path: `options.${name}`, message: "is not right", received: displayValue(value), expected });
  }
  if (options.token !== undefined && !/^[\x21-\x7e]+$/.test(options.token)) {
    problems.push({ path: "options.token", message: "cannot be sent", expected: "visible ASCII characters" });
  }
  const { tls } = options;
  if (typeof tls === "object" && (tls.cert === undefined) !== (tls.key === undefined)) {
    problems.push({ path: "options.tls", message: "has only one of cert and key", expected: "both, or none" });
  }
  if (problems.length === 0) return;
  throw new StreamrackError("invalid-options", "the client cannot be made with these options", { problems });
}
