/**
 * One channel between the host and a segment for all that the two say to each
 * other: calls and notices, and their links, each on a line of its own.
 *
 * A channel for each link takes 8 to 10 KiB on Node, has to be moved to the
 * thread and closed again for every session, and is looked at whenever any
 * other of its thread has a message. What leads from worker to worker, past
 * the host, has a channel of its own.
 *
 * @module
 */

import type { LinkEnd, LinkPort, PostedEnd } from "./link/link.ts";

/** What is said on a line, as it is posted; a bare buffer is for the line that was named last. Everything else is none of a line. */
type OnLine = readonly [line: number, message: unknown];

/** One end of a trunk. */
export class Trunk {
  /** Told of what is on no line; of `undefined` where a message could not be read. */
  onMessage: (message: unknown) => void = () => {};
  /** Told that the other end was closed, or its thread has ended. Not every runtime tells. */
  onClose: () => void = () => {};
  readonly #port: MessagePort;
  readonly #lines = new Map<number, Line>();
  /** The line of what was posted last, and that of what was received last. */
  #lastPosted = -1;
  #lastReceived = -1;
  #isClosed = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent) => this.#receive(data);
    // What cannot be read as a message was no message of ours.
    port.onmessageerror = () => this.#receive(undefined);
    port.addEventListener("close", () => {
      if (!this.#isClosed) this.onClose();
    });
  }

  /** Posts what is on no line. */
  post(message: unknown, transfer: Transferable[] = []): void {
    if (!this.#isClosed) this.#port.postMessage(message, transfer);
  }

  /** A port that leads to the one with the same number at the other end. It takes the place of an earlier one. */
  line(number: number): LinkPort {
    const line = new Line((message, transfer) => {
      // An array around a buffer would take as long to clone as the buffer itself.
      const isNamed = message instanceof ArrayBuffer && this.#lastPosted === number;
      this.#lastPosted = number;
      this.post(isNamed ? message : [number, message] satisfies OnLine, transfer);
    });
    this.#lines.set(number, line);
    return line;
  }

  /** Hears and says nothing more, on any line. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#port.close();
  }

  #receive(data: unknown): void {
    // A port may still deliver what it held when it was closed.
    if (this.#isClosed) return;
    const isNamed = Array.isArray(data);
    if (isNamed) this.#lastReceived = data[0];
    const line = isNamed || data instanceof ArrayBuffer ? this.#lines.get(this.#lastReceived) : undefined;
    if (line === undefined) this.onMessage(data);
    else line.receive(isNamed ? data[1] : data);
  }
}

/** One end of a line. As with a port of its own, what comes before anybody listens is kept. */
class Line implements LinkPort {
  onmessageerror: MessagePort["onmessageerror"] = null;
  readonly #post: (message: unknown, transfer?: Transferable[]) => void;
  #onmessage: MessagePort["onmessage"] = null;
  /**
   * What came before anybody listened. The host listens on its lines before there is a worker, so only what the host
   * has sent waits here: no more than a window.
   */
  #early: unknown[] = [];
  #isClosed = false;

  constructor(post: (message: unknown, transfer?: Transferable[]) => void) {
    this.#post = post;
  }

  get onmessage(): MessagePort["onmessage"] {
    return this.#onmessage;
  }

  set onmessage(listener: MessagePort["onmessage"]) {
    this.#onmessage = listener;
    if (this.#early.length === 0 || listener === null) return;
    // Not within the call that has set the listener.
    queueMicrotask(() => {
      for (const message of this.#early.splice(0)) this.receive(message);
    });
  }

  postMessage(message: unknown, transfer?: Transferable[]): void {
    if (!this.#isClosed) this.#post(message, transfer);
  }

  close(): void {
    this.#isClosed = true;
    this.#early = [];
  }

  receive(message: unknown): void {
    if (this.#isClosed) return;
    if (this.#onmessage === null) this.#early.push(message);
    else this.#onmessage.call(undefined as never, { data: message } as MessageEvent);
  }
}

/** The end of a link that was posted, in the thread that it was posted to. @param number That of the link in its segment. */
export function openEnd(end: PostedEnd, number: number, trunk: Trunk): LinkEnd {
  return { ...end, port: end.port ?? trunk.line(number) };
}

/** Both ends of a trunk: the host's at work, and the port that the segment opens the other on. */
export interface TrunkEnds {
  readonly near: Trunk;
  readonly far: MessagePort;
}

/** Makes a trunk. */
export function createTrunk(): TrunkEnds {
  const { port1, port2 } = new MessageChannel();
  return { near: new Trunk(port1), far: port2 };
}
