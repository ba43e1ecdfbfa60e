import { type Runtime, RuntimeData, type Session, type SessionOutput, StreamrackError } from "../mod.ts";
import type { JsonValue } from "../core/plugin.ts";

/** What an engine gives for a request: blocks, then one report. */
export type LaneOutput = { readonly samples: Float32Array } | { readonly report: JsonValue };

/** An error as the engine reports it. */
interface ErrorReport {
  readonly kind: "error";
  readonly reason: StreamrackError["reason"];
  readonly code: StreamrackError["code"];
  readonly detail: string;
  readonly problems: StreamrackError["problems"];
  readonly remedy: string | null;
}

/** One session with an engine, which answers one request at a time. */
export class Lane {
  readonly #session: Session;
  readonly #outputs: AsyncIterator<SessionOutput>;
  /** Whether it can take another request. */
  isUsable = true;

  private constructor(session: Session) {
    this.#session = session;
    this.#outputs = session[Symbol.asyncIterator]();
  }

  /** Whether its session still runs: an engine may die while nothing is asked of it. */
  get isAlive(): boolean {
    return this.#session.state === "open";
  }

  /** Opens a session with one node. */
  static async open(runtime: Runtime, nodeType: string, params: JsonValue): Promise<Lane> {
    const manifest = { version: "v1" as const, nodes: [{ id: "synth", node_type: nodeType, params: params as never }] };
    return new Lane(await runtime.open(manifest));
  }

  /**
   * Sends a request and gives what comes back, the report last. A consumer
   * that leaves early ends the session with it.
   */
  async *request(value: JsonValue, signal?: AbortSignal): AsyncGenerator<LaneOutput> {
    signal?.throwIfAborted();
    const abort = () => void this.#session.cancel(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    this.isUsable = false;
    try {
      await this.#session.send(RuntimeData.json(value));
      let report: JsonValue | undefined;
      let blocks = 0;
      // Audio and reports have links of their own: the report says how many blocks there are to wait for.
      while (report === undefined || blocks < blocksOf(report)) {
        const next = await this.#outputs.next();
        if (next.done === true) throw new StreamrackError("session-closed", "the engine ended before its answer");
        const { data } = next.value;
        if (data.type === "audio") {
          blocks += 1;
          yield { samples: data.samples as Float32Array };
          continue;
        }
        report = RuntimeData.asJson(data);
      }
      // The session goes on, also when only this request could not be answered.
      this.isUsable = !(signal?.aborted ?? false);
      throwIfError(report);
      yield { report };
    } catch (thrown) {
      throw signal?.aborted ? signal.reason : thrown;
    } finally {
      signal?.removeEventListener("abort", abort);
      if (!this.isUsable) await this.close();
    }
  }

  /** Ends the session. May be repeated. */
  async close(): Promise<void> {
    this.isUsable = false;
    await this.#session[Symbol.asyncDispose]();
  }
}

function blocksOf(report: JsonValue): number {
  return (report as { readonly blocks?: number }).blocks ?? 0;
}

function throwIfError(report: JsonValue): void {
  const error = report as unknown as ErrorReport;
  if (error.kind !== "error") return;
  const { reason, code, detail, problems, remedy } = error;
  throw new StreamrackError(reason, detail, { code, problems, remedy: remedy ?? undefined, pluginName: "synth" });
}
