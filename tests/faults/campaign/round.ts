/**
 * Runs one round of the campaign and says what was not as it must be.
 *
 * @module
 */

import { type Manifest, type Runtime, type Session, type SessionOutput, StreamrackError } from "../../../mod.ts";
import { settledWithin } from "../../../core/flow/settled_within.ts";
import { numbered, numberOf } from "../../_support/numbered.ts";
import { inputOf, isEntryFault, outputsOf, type Round } from "./plan.ts";

/** A round takes well below a second, or a few where a thread has to be ended by force. */
const ROUND_DEADLINE_MS = 120_000;

/** How a round went. */
export interface RoundResult {
  /** How the session ended: `"done"`, or the reason of its failure. */
  readonly ending: string;
  readonly restarts: number;
}

/** Something that must never happen. */
export class Breach extends Error {}

/** What a session may fail with where a node or a worker breaks. */
const REASONS = new Set(["node-failed", "node-create-failed", "worker-crashed", "node-stuck", "deadline-exceeded"]);

/** Runs a round. @throws {Breach} if anything is not as it must be. */
export async function runRound(runtime: Runtime, manifest: Manifest, round: Round): Promise<RoundResult> {
  const pending = new Set<string>();
  /** Waits for a promise by its name, so that one that never settles is known. */
  const settles = async <T>(name: string, promise: Promise<T>): Promise<T> => {
    pending.add(name);
    try {
      return await promise;
    } finally {
      pending.delete(name);
    }
  };
  const run = new RoundRun(runtime, round, settles).run(manifest);
  run.catch(() => {});
  const result = await settledWithin(run, ROUND_DEADLINE_MS);
  if (result === undefined) throw new Breach(`pending after ${ROUND_DEADLINE_MS} ms: ${[...pending].join(", ")}`);
  return result;
}

class RoundRun {
  readonly #runtime: Runtime;
  readonly #round: Round;
  readonly #settles: <T>(name: string, promise: Promise<T>) => Promise<T>;
  readonly #outputs: SessionOutput[] = [];
  #hasLeft = false;

  constructor(runtime: Runtime, round: Round, settles: <T>(name: string, promise: Promise<T>) => Promise<T>) {
    this.#runtime = runtime;
    this.#round = round;
    this.#settles = settles;
  }

  async run(manifest: Manifest): Promise<RoundResult> {
    const { delivery, restart } = this.#round;
    let session: Session;
    try {
      session = await this.#settles("open", this.#runtime.open(manifest, { delivery, restart }));
    } catch (thrown) {
      return { ending: this.#checkError("open", thrown), restarts: 0 };
    }
    const reading = this.#settles("reading", this.#read(session));
    reading.catch(() => {});
    const sending = this.#send(session);
    const sendError = await sending.then(() => undefined, (thrown: unknown) => thrown);
    const readError = await reading.then(() => undefined, (thrown: unknown) => thrown);
    const { restarts, state } = await this.#settles("metrics", session.metrics());
    // Whatever has happened, these do no harm.
    await this.#settles("cancel", session.cancel());
    await this.#settles("finish", session.finish());
    if (session.state !== state) throw new Breach(`a session that is ${state} became ${session.state}`);
    if (sendError !== undefined) this.#checkError("send", sendError);
    const ending = readError === undefined ? "done" : this.#checkError("read", readError);
    this.#checkOutputs(ending);
    return { ending: this.#hasLeft ? "left" : ending, restarts };
  }

  async #send(session: Session): Promise<void> {
    const { count, size, action, actionAt } = this.#round;
    for (let n = 0; n < count; n++) {
      if (n === actionAt) {
        if (action === "flush") session.flush();
        if (action === "cancel") return await this.#settles("cancel", session.cancel("enough"));
        if (action === "close") return await this.#settles("close", this.#runtime.close());
      }
      await this.#settles(`send ${n}`, session.send(numbered(n, size), { to: inputOf(this.#round, n) }));
    }
    await this.#settles("finish", session.finish());
  }

  async #read(session: Session): Promise<void> {
    const { action, actionAt, isReaderSlow } = this.#round;
    for await (const output of session) {
      this.#outputs.push(output);
      if (isReaderSlow) await new Promise((resolve) => setTimeout(resolve, 1));
      if (action === "leave" && this.#outputs.length > actionAt) {
        this.#hasLeft = true;
        return;
      }
    }
  }

  /** Whether an error may come in this round; gives its reason. */
  #checkError(where: string, thrown: unknown): string {
    const { fault, action } = this.#round;
    if (!StreamrackError.is(thrown)) throw new Breach(`${where} rejects with what is no error of ours: ${thrown}`);
    const { reason } = thrown;
    const isEnded = reason === "session-cancelled" || reason === "session-closed" || reason === "runtime-closed";
    if (isEnded && (action === "cancel" || action === "leave" || action === "close")) return reason;
    if (fault === "none") throw new Breach(`${where} rejects although nothing was wrong: ${thrown.message}`);
    if (REASONS.has(reason)) return reason;
    if (isEntryFault(fault) && (reason === "protocol-violation" || reason === "invalid-plugin")) return reason;
    throw new Breach(`${where} rejects with ${reason}: ${thrown.stack}`);
  }

  #checkOutputs(ending: string): void {
    const { delivery, retries, count, action, actionAt, fault, topology } = this.#round;
    // Garbage may be a well-formed lie.
    if (isEntryFault(fault)) return;
    const finals = this.#outputs.filter(({ isPartial }) => !isPartial);
    for (const nodeId of outputsOf(this.#round)) {
      const numbers = finals.filter((output) => output.nodeId === nodeId).map(numberOf);
      const firsts = [...new Set(numbers)];
      // Values from two sources come in any order; those of one stay in theirs.
      for (const parity of topology === "fan-in" ? [0, 1] : [undefined]) {
        const own = parity === undefined ? firsts : firsts.filter((n) => n % 2 === parity);
        const disorder = own.findIndex((n, i) => i > 0 && n < (own[i - 1] as number));
        if (disorder > 0) throw new Breach(`${nodeId}: ${own[disorder]} came after ${own[disorder - 1]}`);
      }
      // A retry gives again what the attempt before it has given.
      if (delivery === "at-most-once" && !retries && numbers.length > firsts.length) {
        throw new Breach(`${nodeId}: a value came twice: ${numbers}`);
      }
      if (ending !== "done" || this.#hasLeft) continue;
      if (delivery === "at-most-once" && fault !== "none") continue;
      const first = action === "flush" ? actionAt : 0;
      const lost = Array.from({ length: count - first }, (_, i) => first + i).filter((n) => !firsts.includes(n));
      if (lost.length > 0) throw new Breach(`${nodeId}: lost ${lost} of ${count}`);
    }
  }
}
