/**
 * The host's end of a control port: calls to the worker through Comlink, and
 * what the worker says of its own accord, both looked at before anything is
 * made of them.
 *
 * @module
 */

import * as Comlink from "comlink";
import { fromErrorEnvelope } from "../core/error_envelope.ts";
import { StreamrackError } from "../core/errors.ts";
import { type ControlMessage, controlViolation, readControlMessage } from "./control_messages.ts";
import type { SegmentControl, WorkerNotice } from "./protocol.ts";

/** Who listens to a {@linkcode ControlPort}. */
export interface ControlListener {
  onNotice(notice: WorkerNotice["notice"], entry: unknown): void;
  /** The worker has closed its end, or its thread has ended. Not every runtime tells. */
  onClose(): void;
  /** The worker has broken the protocol. Nothing more is heard of it by then. */
  onViolation(error: StreamrackError): void;
}

/** A control port at work. */
export class ControlPort {
  readonly remote: Comlink.Remote<SegmentControl>;
  readonly #port: MessagePort;
  readonly #listener: ControlListener;
  /** Calls that wait for their answers. */
  readonly #asked = new Set<string>();
  #onAnswer: (event: MessageEvent) => void = () => {};
  #isClosed = false;

  constructor(port: MessagePort, listener: ControlListener) {
    this.#port = port;
    this.#listener = listener;
    port.addEventListener("message", ({ data }: MessageEvent) => this.#receive(data));
    // What cannot be read as a message was no message of ours.
    port.addEventListener("messageerror", () => this.#receive(undefined));
    port.addEventListener("close", () => {
      if (!this.#isClosed) this.#listener.onClose();
    });
    this.remote = Comlink.wrap<SegmentControl>({
      postMessage: (message: { readonly id?: unknown }, transfer?: Transferable[]) => {
        if (this.#isClosed) return;
        if (typeof message.id === "string") this.#asked.add(message.id);
        port.postMessage(message, transfer ?? []);
      },
      addEventListener: (_type, listener) => {
        this.#onAnswer = listener as (event: MessageEvent) => void;
      },
      removeEventListener: () => {
        this.#onAnswer = () => {};
      },
    });
    port.start();
  }

  /** Hears and says nothing more. */
  close(): void {
    if (this.#isClosed) return;
    // Comlink holds the port, and so all that hangs on it, until its proxy is released.
    this.remote[Comlink.releaseProxy]();
    this.#isClosed = true;
    this.#port.close();
  }

  #receive(data: unknown): void {
    // A port may still deliver what it held when it was closed.
    if (this.#isClosed) return;
    try {
      this.#handle(readControlMessage(data));
    } catch (thrown) {
      const error = StreamrackError.from(thrown);
      if (error.reason !== "protocol-violation") throw thrown;
      this.close();
      this.#listener.onViolation(error);
    }
  }

  #handle(message: ControlMessage): void {
    if (message.kind === "notice") return this.#listener.onNotice(message.notice, message.entry);
    const { id, answer } = message;
    if (!this.#asked.delete(id)) throw controlViolation("an answer that nobody asked for");
    // Comlink is given a message of the two forms that are in use here.
    const data = answer.ok
      ? { id, type: "RAW", value: answer.value }
      : { id, type: "HANDLER", name: "throw", value: { isError: false, value: fromErrorEnvelope(answer.thrown) } };
    this.#onAnswer({ data } as MessageEvent);
  }
}
