/**
 * The host's side of what is said about a task, on no line of its trunk: calls
 * to the worker through Comlink, and what the worker says of its own accord,
 * both looked at before anything is made of them.
 *
 * @module
 */

import * as Comlink from "comlink";
import { fromErrorEnvelope } from "../core/error_envelope.ts";
import { StreamrackError } from "../core/errors.ts";
import { type ControlMessage, controlViolation, readControlMessage } from "./control_messages.ts";
import type { SegmentControl, WorkerNotice } from "./protocol.ts";
import type { Trunk } from "./trunk.ts";

/** Who listens to a {@linkcode TaskControl}. */
export interface TaskControlListener {
  onNotice(notice: WorkerNotice["notice"], content: unknown): void;
  /** The worker has closed the trunk, or its thread has ended. Not every runtime tells. */
  onClose(): void;
  /** The worker has broken the protocol. Nothing more is heard of it by then. */
  onViolation(error: StreamrackError): void;
}

/** Control of one task. */
export class TaskControl {
  readonly remote: Comlink.Remote<SegmentControl>;
  readonly #listener: TaskControlListener;
  /** Calls that wait for their answers. */
  readonly #asked = new Set<string>();
  #onAnswer: (event: MessageEvent) => void = () => {};
  #isClosed = false;

  constructor(trunk: Trunk, listener: TaskControlListener) {
    this.#listener = listener;
    trunk.onMessage = (data) => this.#receive(data);
    trunk.onClose = () => {
      if (!this.#isClosed) this.#listener.onClose();
    };
    this.remote = Comlink.wrap<SegmentControl>({
      postMessage: (message: { readonly id?: unknown }, transfer?: Transferable[]) => {
        if (this.#isClosed) return;
        if (typeof message.id === "string") this.#asked.add(message.id);
        trunk.post(message, transfer);
      },
      addEventListener: (_type, listener) => {
        this.#onAnswer = listener as (event: MessageEvent) => void;
      },
      removeEventListener: () => {
        this.#onAnswer = () => {};
      },
    });
  }

  /** Hears and says nothing more. The trunk is left open. */
  close(): void {
    if (this.#isClosed) return;
    // Comlink holds the trunk, and so all that hangs on it, until its proxy is released.
    this.remote[Comlink.releaseProxy]();
    this.#isClosed = true;
  }

  #receive(data: unknown): void {
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
    if (message.kind === "notice") return this.#listener.onNotice(message.notice, message.content);
    const { id, answer } = message;
    if (!this.#asked.delete(id)) throw controlViolation("an answer that nobody asked for");
    // Comlink is given a message of the two forms that are in use here.
    const data = answer.ok
      ? { id, type: "RAW", value: answer.value }
      : { id, type: "HANDLER", name: "throw", value: { isError: false, value: fromErrorEnvelope(answer.thrown) } };
    this.#onAnswer({ data } as MessageEvent);
  }
}
