/**
 * What a node gives: checked against its declaration, counted, and handed to
 * its ports.
 *
 * @module
 */

import { byteLength } from "../data/transfer.ts";
import type { RuntimeData } from "../data/types.ts";
import { checkRuntimeData } from "../data/validate.ts";
import { displayValue, StreamrackError } from "../errors.ts";
import type { Outlet, OutletStamp } from "../flow/outlet.ts";
import type { PortKinds, Ports } from "../node/contract.ts";
import { checkProgress, isPartial } from "../node/progress.ts";

/** The output ports of one node. */
export class NodeOutputs {
  itemsOut = 0;
  bytesOut = 0;
  readonly #declared: Ports;
  readonly #outlets: ReadonlyMap<string, Outlet>;
  readonly #single: string | undefined;
  /** Ports whose result for this input came in parts, and whether its final part has come. */
  readonly #inParts = new Map<string, "open" | "final">();

  constructor(declared: Ports, outlets: ReadonlyMap<string, Outlet>) {
    const ports = Object.keys(declared);
    this.#declared = declared;
    this.#outlets = outlets;
    this.#single = ports.length === 1 ? ports[0] : undefined;
  }

  /** Begins with the outputs of another input. */
  begin(): void {
    if (this.#inParts.size > 0) this.#inParts.clear();
  }

  /**
   * Sends an output to its port or ports.
   *
   * @throws {StreamrackError} `node-failed`, `invalid-data` or `detached-data`; or the promise rejects with it.
   */
  write(output: unknown, stamp: OutletStamp): void | Promise<void> {
    if (output === undefined || output === null) return;
    if (isPartial(output)) {
      const progress = output.progress === undefined ? stamp.progress : checkProgress(output.progress);
      return this.#writeUnmarked(output.output, { ...stamp, progress, isPartial: true }, true);
    }
    return this.#writeUnmarked(output, stamp, false);
  }

  end(): void {
    for (const outlet of this.#outlets.values()) outlet.end();
  }

  abort(error: Error): void {
    for (const outlet of this.#outlets.values()) outlet.abort(error);
  }

  #writeUnmarked(output: unknown, stamp: OutletStamp, isMarked: boolean): void | Promise<void> {
    if (this.#single !== undefined) return this.#writeTo(this.#single, output, stamp, isMarked);
    return this.#writeByPort(output, stamp, isMarked);
  }

  async #writeByPort(output: unknown, stamp: OutletStamp, isMarked: boolean): Promise<void> {
    // A port may be named "type", but what it holds is then no string.
    if (typeof output !== "object" || output === null || typeof (output as { type?: unknown }).type === "string") {
      const ports = Object.keys(this.#declared).join(", ");
      throw badOutput("output", output, `an object with some of the ports ${ports}, since there are several`);
    }
    for (const [port, data] of Object.entries(output)) {
      if (data !== undefined) await this.#writeTo(port, data, stamp, isMarked);
    }
  }

  #writeTo(port: string, value: unknown, stamp: OutletStamp, isMarked: boolean): void | Promise<void> {
    const outlet = this.#outlets.get(port);
    if (outlet === undefined) throw badOutput("output port", port, `one of ${Object.keys(this.#declared).join(", ")}`);
    const kinds = this.#declared[port] as PortKinds;
    const data: RuntimeData = checkRuntimeData(value, `output "${port}"`);
    if (!kinds.includes(data.type) && !kinds.includes("any")) {
      throw badOutput(`output "${port}"`, data.type, kinds.join(" or "));
    }
    if (isMarked || this.#inParts.size > 0) this.#checkPart(port, isMarked);
    const bytes = byteLength(data);
    this.itemsOut += 1;
    this.bytesOut += bytes;
    return outlet.write(data, stamp, bytes);
  }

  /** Only the last output for an input is final: nothing may follow the final part of a result in parts. */
  #checkPart(port: string, isMarked: boolean): void {
    const state = this.#inParts.get(port);
    if (state === "final") {
      throw badOutput(
        `output "${port}"`,
        "an output behind the final one",
        "nothing: mark all but the last as partial",
      );
    }
    if (isMarked) this.#inParts.set(port, "open");
    else if (state === "open") this.#inParts.set(port, "final");
  }
}

function badOutput(path: string, received: unknown, expected: string): StreamrackError {
  return new StreamrackError("node-failed", "the node gave an output that does not fit its declaration", {
    problems: [{ path, message: "is not right", received: displayValue(received), expected }],
  });
}
