/**
 * What a script is told on its command line.
 *
 * @module
 */

import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

/** Ends a script with its usage: asked for by `--help`, or since it cannot do what it was told. */
export class Usage extends Error {
  /** 0 where it was asked for, else 2. */
  readonly exitCode: 0 | 2;

  constructor(text: string, exitCode: 0 | 2 = 2) {
    super(text);
    this.exitCode = exitCode;
  }
}

type Flags<T extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ args: string[]; options: T }>>["values"];

/**
 * The flags of a command line.
 *
 * @throws {Usage} For `--help`, and for flags that are not known.
 */
export function readFlags<const T extends ParseArgsOptionsConfig>(args: string[], usage: string, options: T): Flags<T> {
  let values: { readonly help?: unknown };
  try {
    ({ values } = parseArgs({ args, options: { ...options, help: { type: "boolean", short: "h" } } }));
  } catch (thrown) {
    throw new Usage(`${thrown instanceof Error ? thrown.message : thrown}\n${usage}`);
  }
  if (values.help === true) throw new Usage(usage, 0);
  return values as Flags<T>;
}
