/**
 * The inputs of a session: what it takes, checked and numbered.
 *
 * @module
 */

import { byteLength, copyData } from "../core/data/transfer.ts";
import type { RuntimeData } from "../core/data/types.ts";
import { checkRuntimeData } from "../core/data/validate.ts";
import { displayValue, StreamrackError } from "../core/errors.ts";
import type { PlanPort } from "../core/pipeline/plan.ts";
import type { SendOptions } from "../core/pipeline/session.ts";
import type { LinkWriter } from "./link/link.ts";
import type { SessionBudget } from "./session_budget.ts";

/** Writes what is sent into a session. */
export class SessionInputs {
  readonly #ports: readonly PlanPort[];
  readonly #writers: readonly LinkWriter[];
  readonly #budget: SessionBudget | undefined;
  readonly #sequences: number[];

  /** @param writers The host's ends of the links, by input. */
  constructor(ports: readonly PlanPort[], writers: readonly LinkWriter[], budget: SessionBudget | undefined) {
    this.#ports = ports;
    this.#writers = writers;
    this.#budget = budget;
    this.#sequences = ports.map(() => 0);
  }

  /** Gives a promise where there is no room at once. */
  send(data: RuntimeData, options: SendOptions, epoch: number): void | Promise<void> {
    const index = this.#find(options);
    const input = this.#ports[index] as PlanPort;
    checkRuntimeData(data);
    // Deno takes the buffers of a message away even if the rest of it cannot be cloned (a proxy, say): try the rest first.
    if (data.metadata !== undefined) checkCloneable(data.metadata);
    if (!input.kinds.includes(data.type) && !input.kinds.includes("any")) throw wrongKind(data, input);
    const isBorrowed = options.copy === true;
    if (this.#budget !== undefined) {
      return this.#sendWithin(this.#budget, index, isBorrowed ? copyData(data) : data, epoch);
    }
    const sequence = this.#sequences[index] as number;
    const item = { data, bytes: byteLength(data), sequence, epoch, isBorrowed };
    const written = (this.#writers[index] as LinkWriter).write(item);
    this.#sequences[index] = sequence + 1;
    return written;
  }

  /** Only what is let in takes a number: a value that was refused leaves no gap. */
  #sendWithin(budget: SessionBudget, index: number, data: RuntimeData, epoch: number): void | Promise<void> {
    return budget.enter(() => {
      const sequence = this.#sequences[index] as number;
      const written = (this.#writers[index] as LinkWriter).write({ data, bytes: byteLength(data), sequence, epoch });
      this.#sequences[index] = sequence + 1;
      return written;
    });
  }

  /** Nothing more is sent. What waits is let in first. */
  end(): void {
    const end = () => this.#writers.forEach((writer) => writer.end());
    if (this.#budget === undefined) end();
    else this.#budget.after(end);
  }

  /** Rejects what waits. */
  abort(error: StreamrackError): void {
    this.#budget?.abort(error);
    for (const writer of this.#writers) writer.abort(error);
  }

  close(): void {
    for (const writer of this.#writers) writer.close();
  }

  #find({ to, port }: SendOptions): number {
    if (to === undefined && port === undefined && this.#ports.length === 1) return 0;
    const fits = this.#ports.flatMap((input, index) =>
      (to === undefined || input.nodeId === to) && (port === undefined || input.port === port) ? [index] : []
    );
    if (fits.length === 1) return fits[0] as number;
    const named = this.#ports.map(({ nodeId, port }) => `"${nodeId}" (port "${port}")`).join(", ");
    throw new StreamrackError(
      "unknown-target",
      fits.length === 0 ? "the session has no such input" : "the session has several inputs; say which",
      {
        problems: [{
          path: to === undefined ? "options.to" : port === undefined ? "options.port" : "options",
          message: fits.length === 0 ? "names no input" : "is missing",
          received: displayValue({ to, port }),
          expected: named === "" ? "nothing: this pipeline takes no input" : named,
        }],
      },
    );
  }
}

function wrongKind(data: RuntimeData, { nodeId, port, kinds }: PlanPort): StreamrackError {
  return new StreamrackError("wrong-kind", `input "${port}" does not take ${data.type} data`, {
    nodeId,
    problems: [{
      path: "data.type",
      message: "is of the wrong kind",
      received: data.type,
      expected: kinds.join(" or "),
    }],
  });
}

function checkCloneable(metadata: RuntimeData["metadata"]): void {
  try {
    structuredClone(metadata);
  } catch (thrown) {
    throw StreamrackError.from(thrown, "not-cloneable", { remedy: "Give plain objects as metadata." });
  }
}
