import { type Runtime, RuntimeData, type Session, StreamrackError } from "../mod.ts";
import type { JsonValue } from "../core/plugin.ts";
import type { EngineStatus, GraphCommand, GraphReport, GraphSound } from "../plugins/synth/api.ts";
import { latencyPlan } from "../plugins/synth/engine/latency.ts";

/** How an {@linkcode Instrument} plays. */
export interface InstrumentOptions {
  /** In hertz, 8000 to 192 000. Default: 44 100. */
  readonly sampleRate?: number | undefined;
  /** 1 or 2. Default: 2. */
  readonly channels?: 1 | 2 | undefined;
  /** Frames in a block, 64 to 512. Default: 128. */
  readonly blockFrames?: number | undefined;
  /**
   * Most time from an event to its sound, in milliseconds, 3 to 1000: decides the look-ahead of the limiter, and how
   * many blocks are rendered ahead. More of them cover longer pauses of the engine. Default: 10.
   */
  readonly maxLatencyMs?: number | undefined;
  /** Most of a block's time that rendering it may take, 0.001 to 1. Beyond it the quality is stepped down. Default: nothing is left out. */
  readonly maxCpu?: number | undefined;
  /** Quarter notes per minute, for the note lengths of a preset, 20 to 400. Default: 120. */
  readonly tempo?: number | undefined;
  /** Of what is random, 0 to 4 294 967 295. Default: 1. */
  readonly seed?: number | undefined;
  /** Told when the quality is stepped down or up again: `step` 0 is full quality. */
  readonly onQuality?: ((report: Extract<GraphReport, { readonly kind: "quality" }>) => void) | undefined;
}

const DEFAULTS = { sampleRate: 44_100, channels: 2, blockFrames: 128, maxLatencyMs: 10 } as const;

interface Waiting<T> {
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** A sound that is played live. Commands and blocks are taken in the order of the calls. */
export class Instrument {
  /** In hertz. */
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** Blocks that are on their way while one is being listened to, so that a slow one is not missed. */
  readonly blocksAhead: number;
  /** From an event to its sound, in milliseconds: look-ahead of the limiter and blocks ahead. */
  readonly latencyMs: number;
  readonly #session: Session;
  readonly #blockFrames: number;
  readonly #onQuality: InstrumentOptions["onQuality"];
  readonly #blocks: Waiting<Float32Array>[] = [];
  readonly #statuses: Waiting<EngineStatus>[] = [];
  /** Settles when it has ended, by itself or by {@linkcode Instrument.close}; it never rejects. */
  readonly closed: Promise<void>;
  #failure: unknown;
  #isClosed = false;

  private constructor(session: Session, options: FullOptions) {
    this.#session = session;
    const { sampleRate, channels, blockFrames, maxLatencyMs, onQuality } = options;
    this.sampleRate = sampleRate;
    this.channels = channels;
    this.#blockFrames = blockFrames;
    ({ blocksAhead: this.blocksAhead, latencyMs: this.latencyMs } = latencyPlan(maxLatencyMs, sampleRate, blockFrames));
    this.#onQuality = onQuality;
    this.closed = this.#read();
  }

  /** Opens an instrument on a runtime; `Synth.openInstrument` is the usual way. */
  static async open(runtime: Runtime, sound: GraphSound, options: InstrumentOptions): Promise<Instrument> {
    const full = withDefaults(options);
    const { sampleRate, onQuality: _, ...rest } = full;
    const params = Object.fromEntries(
      Object.entries({ ...rest, sound, sampleRateHz: sampleRate }).filter(([, value]) => value !== undefined),
    );
    const nodes = [{ id: "synth", node_type: "synth.graph", params: params as never }];
    return new Instrument(await runtime.open({ version: "v1", nodes }), full);
  }

  /**
   * Starts a note.
   *
   * @param note MIDI number, 0 to 127.
   * @param options.velocity How hard it is struck, 0.01 to 1. Default: 0.8.
   * @param options.frame At which frame, counted from the first block. Default: with the next block.
   */
  noteOn(note: number, options: { readonly velocity?: number; readonly frame?: number } = {}): Promise<void> {
    return this.#command({ op: "note-on", note, ...options });
  }

  /**
   * Lets a note go.
   *
   * @param note MIDI number, 0 to 127.
   * @param options.frame At which frame, counted from the first block. Default: with the next block.
   */
  noteOff(note: number, options: { readonly frame?: number } = {}): Promise<void> {
    return this.#command({ op: "note-off", note, ...options });
  }

  /**
   * Changes a number of a node; it is there after 10 ms, without a click.
   *
   * @param path Node and number, such as `"filter.cutoffHz"`.
   * @param value In the unit of the number; beyond its range it is clamped.
   */
  set(path: string, value: number): Promise<void> {
    const [node = "", param = ""] = path.split(".");
    return this.#command({ op: "set", node, param, value });
  }

  /**
   * Fills a buffer with the next interleaved frames. The buffer belongs to the
   * instrument until the result is there, which may be another one. Who plays
   * what comes back keeps {@linkcode Instrument.blocksAhead} of them on their way.
   */
  async fill(buffer: Float32Array): Promise<Float32Array> {
    const { sampleRate, channels } = this;
    const filled = this.#wait(this.#blocks);
    filled.catch(() => {}); // it may fail before this call gets to wait for it
    try {
      await this.#session.send(RuntimeData.audio({ samples: buffer, sampleRate, channels }));
    } catch (thrown) {
      this.#drop(this.#blocks, thrown);
    }
    return await filled;
  }

  /**
   * Blocks without an end, each valid until the next is asked for: its buffer
   * is then filled anew. As many are rendered ahead as `maxLatencyMs` has
   * time for.
   */
  async *blocks(): AsyncGenerator<Float32Array> {
    const ahead = Array.from(
      { length: this.blocksAhead },
      () => this.fill(new Float32Array(this.#blockFrames * this.channels)),
    );
    for (const block of ahead) block.catch(() => {}); // told when it is its turn
    try {
      for (;;) {
        const block = await (ahead.shift() as Promise<Float32Array>);
        yield block;
        const next = this.fill(block);
        next.catch(() => {});
        ahead.push(next);
      }
    } finally {
      await Promise.allSettled(ahead);
    }
  }

  /** What the engine that plays it is doing. */
  async status(): Promise<EngineStatus> {
    const status = this.#wait(this.#statuses);
    status.catch(() => {}); // as above
    await this.#command({ op: "status" }).catch((thrown) => this.#drop(this.#statuses, thrown));
    return await status;
  }

  /** Silences everything at once, and starts anew at frame 0. Blocks that are under way are not filled. */
  reset(): void {
    this.#session.flush();
    const flushed = new StreamrackError("session-flushed", "the instrument was reset");
    for (const { reject } of [...this.#blocks.splice(0), ...this.#statuses.splice(0)]) reject(flushed);
  }

  /** Ends it. May be repeated. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#session[Symbol.asyncDispose]();
    await this.closed;
  }

  /** The same as {@linkcode Instrument.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #command(command: GraphCommand): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await this.#session.send(RuntimeData.json(JSON.parse(JSON.stringify(command)) as JsonValue));
  }

  #wait<T>(queue: Waiting<T>[]): Promise<T> {
    const { promise, resolve, reject } = withResolvers<T>();
    if (this.#failure !== undefined) reject(this.#failure);
    else queue.push({ resolve, reject });
    return promise;
  }

  /** The last one that waits gets nothing: its request could not be sent. */
  #drop(queue: Waiting<never>[] | Waiting<Float32Array>[] | Waiting<EngineStatus>[], reason: unknown): void {
    queue.pop()?.reject(reason);
  }

  async #read(): Promise<void> {
    try {
      for await (const { data } of this.#session) {
        if (data.type === "audio") {
          this.#blocks.shift()?.resolve(data.samples as Float32Array);
          continue;
        }
        const report = RuntimeData.asJson(data) as unknown as GraphReport;
        if (report.kind === "status") this.#statuses.shift()?.resolve(report.status);
        else this.#onQuality?.(report);
      }
      this.#failure = new StreamrackError("session-closed", "the instrument was closed");
    } catch (thrown) {
      this.#failure = this.#isClosed
        ? new StreamrackError("session-closed", "the instrument was closed", { cause: thrown })
        : thrown;
    }
    for (const { reject } of [...this.#blocks.splice(0), ...this.#statuses.splice(0)]) reject(this.#failure);
  }
}

type FullOptions = InstrumentOptions & { readonly [K in keyof typeof DEFAULTS]: NonNullable<InstrumentOptions[K]> };

function withDefaults(options: InstrumentOptions): FullOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, ...Object.fromEntries(given) } as FullOptions;
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers<T>(): { promise: Promise<T> } & Waiting<T> {
  let waiting: Waiting<T> | undefined;
  const promise = new Promise<T>((resolve, reject) => waiting = { resolve, reject });
  return { promise, ...waiting as unknown as Waiting<T> };
}
