/**
 * The child's end of a port: as much of a MessagePort as Comlink and links
 * use, right on the pipe.
 *
 * A real one would hand on what is posted in a later turn. A plugin that ends
 * its process at once would take along what was said before: which value it
 * was given, say, by which a value that kills is told from others.
 *
 * @module
 */

type Listener = (event: { readonly data: unknown }) => void;

/** One end of a port, in a child process. */
export class PipePort {
  readonly #send: (message: unknown) => void;
  readonly #onClose: () => void;
  readonly #listeners = new Set<Listener>();
  /** What has come before anybody listened. */
  #early: unknown[] | undefined = [];
  #onmessage: Listener | null = null;
  #isStarting = false;
  #isClosed = false;

  constructor(send: (message: unknown) => void, onClose: () => void) {
    this.#send = send;
    this.#onClose = onClose;
  }

  get onmessage(): Listener | null {
    return this.#onmessage;
  }

  set onmessage(listener: Listener | null) {
    this.#onmessage = listener;
    if (listener !== null) this.start();
  }

  postMessage(message: unknown, transfer: readonly Transferable[] = []): void {
    // Takes away what is moved and copies the rest, as between threads: the pipe may still hold it when this returns.
    const cloned = structuredClone(message, { transfer: [...transfer] });
    if (!this.#isClosed) this.#send(cloned);
  }

  addEventListener(type: string, listener: Listener): void {
    if (type === "message") this.#listeners.add(listener);
  }

  removeEventListener(type: string, listener: Listener): void {
    if (type === "message") this.#listeners.delete(listener);
  }

  start(): void {
    if (this.#early === undefined || this.#isStarting) return;
    this.#isStarting = true;
    // Not within the call that has set the listener; what comes meanwhile waits behind the rest.
    setTimeout(() => {
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const message of early) this.#emit(message);
    }, 0);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#early = undefined;
    this.#onClose();
  }

  /**
   * Hands on what has come through the pipe.
   *
   * @param earlyMax How many messages may wait before anybody listens, from 1. What comes beyond is dropped, and whoever
   *   listens later finds a message of no form in its place, which no intact writer sends.
   */
  receive(message: unknown, earlyMax: number): void {
    if (this.#early === undefined) return this.#emit(message);
    if (this.#early.length < earlyMax) this.#early.push(message);
    else this.#early[earlyMax] = undefined;
  }

  #emit(message: unknown): void {
    if (this.#isClosed) return;
    try {
      this.#onmessage?.({ data: message });
      for (const listener of this.#listeners) listener({ data: message });
    } catch (thrown) {
      // As in an event: nobody catches it, and the pipe goes on.
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }
}
