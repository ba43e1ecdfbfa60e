/**
 * Many message ports over one pipe. Ports that are sent to the other process
 * are replaced by others there; what is posted on the one comes out of the
 * other. So Comlink and links work as they do between threads.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import { StreamrackError } from "../../core/errors.ts";
import { pipeViolation, ValueReader, ValueWriter } from "./codec.ts";
import { PipePort } from "./pipe_port.ts";
import { FRAME, FRAME_BYTES_MAX, FRAME_HEADER_BYTES, FrameReader } from "./frame_reader.ts";

/** The number under which the two ends speak of tasks. */
const ROOT = 0;

/** How long a port stays open after its task has ended, so that what was posted on it still arrives, in milliseconds. */
const LINGER_MS = 1_000;

/** Most messages that wait on a port of a child before anybody listens, unless more are allowed. */
const EARLY_MAX = 1_024;

/** Who listens to a {@linkcode PortMux}. */
export interface MuxListener {
  /**
   * Something that {@linkcode PortMux.post} has sent on the other side.
   *
   * @param group Under which the ports that came with it can be released.
   */
  onMessage(message: unknown, group: number): void;
  /** The pipe has closed, or carried what it cannot. Called once; nothing comes after it. */
  onClose(error: StreamrackError): void;
}

/** One end of a pipe. */
export class PortMux {
  readonly #pipe: Duplex;
  readonly #listener: MuxListener;
  /** Only the host gives ports away. */
  readonly #isHost: boolean;
  /** Each with its group: the number of the first port that was given away with the same task. */
  readonly #ports = new Map<number, { readonly port: MessagePort | PipePort; readonly group: number }>();
  readonly #lingering = new Set<ReturnType<typeof setTimeout>>();
  #nextId = ROOT + 1;
  #earlyMax = EARLY_MAX;
  /** The group of what is being sent or received. */
  #group: number | undefined;
  #isClosed = false;

  constructor(pipe: Duplex, side: "host" | "child", listener: MuxListener) {
    this.#pipe = pipe;
    this.#listener = listener;
    this.#isHost = side === "host";
    const frames = new FrameReader((kind, id, body) => this.#receive(kind, id, body));
    pipe.on("data", (chunk: Buffer) => {
      if (this.#isClosed) return;
      try {
        frames.push(chunk);
      } catch (thrown) {
        this.close(StreamrackError.from(thrown));
      }
    });
    const gone = () => this.close(new StreamrackError("worker-crashed", "the pipe to a child process has closed"));
    pipe.on("end", gone);
    pipe.on("close", gone);
    pipe.on("error", gone);
  }

  /**
   * Sends to the listener of the other side. Ports within it are given away.
   *
   * @returns The group under which they can be released.
   * @throws {TypeError} for what cannot be sent, {@linkcode StreamrackError} `limit-exceeded` for what is too large. The
   *   ports within it are closed then.
   */
  post(message: unknown): number {
    const group = this.#nextId;
    try {
      this.#send(ROOT, message);
    } catch (thrown) {
      for (let id = group; id < this.#nextId; id++) this.#drop(id);
      throw thrown;
    }
    return group;
  }

  /** Lets at least so many messages wait on each port of a child before anybody listens. */
  allowEarly(messages: number): void {
    this.#earlyMax = Math.max(this.#earlyMax, messages);
  }

  /** Closes the ports of a task that has ended, when what is under way has arrived. */
  release(group: number): void {
    this.#releaseIds([...this.#ports].flatMap(([id, port]) => port.group === group ? [id] : []));
  }

  /** Closes the pipe, and soon all ports. */
  close(error: StreamrackError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pipe.destroy();
    this.#releaseIds([...this.#ports.keys()]);
    this.#listener.onClose(error);
  }

  /** Closes all ports at once. */
  dispose(): void {
    this.close(new StreamrackError("runtime-closed", "the runtime was closed"));
    for (const timer of this.#lingering) clearTimeout(timer);
    this.#lingering.clear();
    for (const id of [...this.#ports.keys()]) this.#drop(id);
  }

  #releaseIds(ids: readonly number[]): void {
    const timer = setTimeout(() => {
      this.#lingering.delete(timer);
      for (const id of ids) this.#drop(id);
    }, LINGER_MS);
    this.#lingering.add(timer);
    unref(timer);
    for (const id of ids) unref(this.#ports.get(id)?.port);
  }

  #drop(id: number): void {
    const port = this.#ports.get(id)?.port;
    if (port === undefined) return;
    this.#ports.delete(id);
    port.onmessage = null;
    port.close();
  }

  #send(id: number, message: unknown): void {
    if (this.#isClosed) return;
    this.#group = this.#ports.get(id)?.group;
    const writer = new ValueWriter(FRAME_HEADER_BYTES, (port) => this.#give(port));
    writer.write(message);
    const { parts, length } = writer.finish();
    if (length - 4 > FRAME_BYTES_MAX) {
      throw new StreamrackError("limit-exceeded", `a value of ${length} bytes is too large for the process tier`, {
        remedy: `Send at most ${FRAME_BYTES_MAX} bytes at a time.`,
      });
    }
    const header = parts[0] as Buffer;
    header.writeUInt32LE(length - 4, 0);
    header[4] = FRAME.message;
    header.writeUInt32LE(id, 5);
    this.#pipe.cork();
    for (const part of parts) this.#pipe.write(part);
    this.#pipe.uncork();
  }

  /** Takes a port whose other end is in this process, for the other process to use. */
  #give(port: MessagePort): number {
    if (!this.#isHost) throw new TypeError("a port cannot be sent out of a child process");
    const id = this.#nextId++;
    this.#relay(id, port);
    return id;
  }

  #relay(id: number, port: MessagePort): void {
    this.#keep(id, port);
    port.onmessage = ({ data }: MessageEvent) => {
      try {
        this.#send(id, data);
      } catch (thrown) {
        // Whoever posted it is told by nobody any more, and what comes next must not take its place.
        if (StreamrackError.is(thrown)) return this.close(thrown);
        // It is no message of ours, perhaps of another plugin: the other end of the link says so, and whose it was.
        this.#send(id, undefined);
      }
    };
  }

  #receive(kind: number, id: number, body: Buffer): void {
    if (this.#isClosed) return;
    if (kind !== FRAME.message) throw pipeViolation(`a frame of kind ${kind}`);
    this.#group = this.#ports.get(id)?.group;
    const reader = new ValueReader(body, this.#isHost ? undefined : (given) => this.#accept(given));
    if (id === ROOT) {
      const message = reader.read();
      return this.#listener.onMessage(message, this.#group ?? ROOT);
    }
    if (this.#isHost && id >= this.#nextId) throw pipeViolation(`a message on port ${id}, which was never given`);
    const message = reader.read();
    // Not to a port that was closed meanwhile.
    const port = this.#ports.get(id)?.port;
    if (port instanceof PipePort) port.receive(message, this.#earlyMax);
    else port?.postMessage(message, reader.transfer);
  }

  /** Makes a port for one that the host has given. */
  #accept(id: number): MessagePort {
    const port = new PipePort((message) => this.#send(id, message), () => this.#ports.delete(id));
    this.#keep(id, port);
    return port as unknown as MessagePort;
  }

  #keep(id: number, port: MessagePort | PipePort): void {
    this.#group ??= id;
    this.#ports.set(id, { port, group: this.#group });
  }
}

/** Lets the process end though this is still there, where the runtime knows of that. */
function unref(handle: unknown): void {
  (handle as { unref?(): void } | undefined)?.unref?.();
}
