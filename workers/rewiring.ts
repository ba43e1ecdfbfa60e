/**
 * Connects the links of a segment whose thread has died with those who are at
 * their other ends.
 *
 * @module
 */

import { nextTurn } from "../core/flow/pacer.ts";
import type { PlanSegment } from "../core/pipeline/plan.ts";
import type { LinkEnd, LinkReader, LinkWriter } from "./link/link.ts";
import { createLink, openLinkReader } from "./link/open_link.ts";
import { type RingBytes, ringCounters } from "./link/ring.ts";
import type { PlacedSegment } from "./placement.ts";
import type { SessionWiring, Wire, WireEnd } from "./wiring.ts";

/** A segment as its neighbours see it. */
export interface Neighbour {
  readonly placed: PlacedSegment;
  /** `"down"`: its thread has died, and it may be started again. */
  readonly state: "running" | "down" | "ended";
}

/** What a {@linkcode Rewiring} needs of its session. */
export interface RewiringOptions {
  readonly wiring: SessionWiring;
  /** The host's ends of the links, by input and output of the session. */
  readonly writers: readonly LinkWriter[];
  readonly readers: readonly LinkReader[];
  /** A segment in the thread that it has now. */
  neighbour(segment: PlanSegment): Neighbour;
}

/**
 * Whether the other end of a link goes on, and if so, what {@linkcode LinkWriter.reconnect} or
 * {@linkcode LinkReader.reconnect} gave; it has nothing left to do; or its thread has died as well.
 */
type Reached =
  | { readonly state: "reached"; readonly at: number }
  | { readonly state: "finished" | "down"; readonly at?: undefined };

/** Connects links anew, one segment at a time. */
export class Rewiring {
  readonly #options: RewiringOptions;
  /** What the host holds of links whose other end has ended already. */
  readonly #stubs: { close(): void }[] = [];

  constructor(options: RewiringOptions) {
    this.#options = options;
  }

  /** Lets go of what was held for ends that had nobody at the other. */
  close(): void {
    for (const stub of this.#stubs) stub.close();
  }

  /**
   * Connects every link of a segment anew with whoever is at its other end.
   * Gives nothing if all who read from it have heard its end: then there is
   * nothing left to do for it.
   */
  async connect(segment: PlanSegment): Promise<LinkEnd[] | undefined> {
    const links: LinkEnd[] = [];
    let readers = 0;
    let finished = 0;
    for (const wire of this.#options.wiring.wires) {
      if (wire.reader.segment === segment) {
        links[wire.reader.index] = await this.#connectWriter(wire);
      } else if (wire.writer.segment === segment) {
        const end = await this.#connectReader(wire);
        readers += 1;
        if (end.isFinished) finished += 1;
        links[wire.writer.index] = end;
      }
    }
    if (readers === 0 || finished < readers) return links;
    for (const wire of this.#options.wiring.wires) {
      if (wire.reader.segment !== segment) continue;
      // Whoever writes to it may have been started again as well, and say all of it anew.
      this.#discard(links[wire.reader.index] as LinkEnd);
    }
    return undefined;
  }

  /** The reading end of a link whose writer goes on. */
  async #connectWriter({ ring, writer }: Wire): Promise<LinkEnd> {
    const { port1, port2 } = new MessageChannel();
    const reached = await this.#reconnect(writer, port1);
    if (reached.state === "reached") return { port: port2, ring, lostBefore: reached.at };
    const { port, end } = this.#deadEnd();
    // It has said its end to the one that died.
    if (reached.state === "finished") end.postMessage({ t: "end" });
    return { port, ring, lostBefore: written(ring) };
  }

  /** The writing end of a link whose reader goes on. */
  async #connectReader({ ring, reader }: Wire): Promise<LinkEnd & { readonly isFinished: boolean }> {
    const { port1, port2 } = new MessageChannel();
    const reached = await this.#reconnect(reader, port1);
    if (reached.state === "reached") return { port: port2, ring, nextSequence: reached.at, isFinished: false };
    if (reached.state === "down") return { port: this.#deadEnd().port, ring, isFinished: false };
    // The reader has heard the end of the one that died. What comes again goes nowhere, through memory of its own.
    const { writer: end, reader: discard } = createLink({ shared: ring !== undefined });
    this.#discard(discard);
    return { ...end, isFinished: true };
  }

  /** Reads whatever comes over a link, to its end, for nobody. */
  #discard(end: LinkEnd): void {
    const { limits } = this.#options.wiring;
    const sink = openLinkReader(end, { port: "", from: undefined }, { limits }, () => {});
    const drop = () => {
      while (sink.peek() !== undefined) sink.take();
      sink.arm();
      while (sink.peek() !== undefined) sink.take();
    };
    sink.onChange = drop;
    drop();
    this.#stubs.push(sink);
  }

  /**
   * A port whose other end the host holds: nobody is there, or only later, since a neighbour that is down connects to
   * this segment when it is started again. (A port cannot be posted any more once its other end is gone.)
   */
  #deadEnd(): { readonly port: MessagePort; readonly end: MessagePort } {
    const { port1: end, port2: port } = new MessageChannel();
    this.#stubs.push(end);
    return { port, end };
  }

  /** Gives the other end of a link a new port. */
  async #reconnect(end: WireEnd, port: MessagePort): Promise<Reached> {
    const { writers, readers } = this.#options;
    if (end.segment === undefined) {
      const isWriter = this.#options.wiring.wires.some(({ writer }) => writer === end);
      const host = (isWriter ? writers : readers)[end.index] as LinkWriter | LinkReader;
      const at = await host.reconnect(port);
      return at === undefined ? { state: "finished" } : { state: "reached", at };
    }
    const other = this.#options.neighbour(end.segment);
    if (other.state === "running") {
      // It may be in a long computation; if it dies, or is terminated by a cancel, the call rejects.
      const at = await other.placed.reconnect(end.index, port).catch(() => undefined);
      if (at === null) return { state: "finished" };
      if (at !== undefined) return { state: "reached", at };
      // It has just ended, or just died: whoever follows it learns of it in this turn.
      await nextTurn();
    }
    port.close();
    return { state: other.state === "ended" ? "finished" : "down" };
  }
}

/** Records that were written to a ring: what was posted for them has no sender any more. */
function written(ring: RingBytes | undefined): number {
  return ring === undefined ? 0 : ringCounters(ring).recordsWritten;
}
