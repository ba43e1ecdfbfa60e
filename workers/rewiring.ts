/**
 * Connects the links of a segment whose thread has died with those who are at
 * their other ends.
 *
 * @module
 */

import { nextTurn } from "../core/flow/pacer.ts";
import type { PlanSegment } from "../core/pipeline/plan.ts";
import type { LinkEnd, LinkReader, LinkWriter, PostedEnd } from "./link/link.ts";
import { createLink, openLinkReader } from "./link/open_link.ts";
import { type RingBytes, ringCounters } from "./link/ring.ts";
import type { PlacedSegment } from "./placement.ts";
import { createTrunk, openEnd, Trunk, type TrunkEnds } from "./trunk.ts";
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
  | { readonly state: "reached"; readonly at: number; readonly port?: MessagePort }
  | { readonly state: "finished" | "down" };

/** What a segment that is started again is given. */
export interface Rewired {
  /** By number. */
  readonly links: readonly PostedEnd[];
  readonly trunk: TrunkEnds;
}

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
  async connect(segment: PlanSegment): Promise<Rewired | undefined> {
    const trunk = createTrunk();
    const links: PostedEnd[] = [];
    let readers = 0;
    let finished = 0;
    for (const wire of this.#options.wiring.wires) {
      if (wire.reader.segment === segment) {
        links[wire.reader.index] = await this.#connectWriter(wire, trunk.near);
      } else if (wire.writer.segment === segment) {
        const end = await this.#connectReader(wire, trunk.near);
        readers += 1;
        if (end.isFinished) finished += 1;
        links[wire.writer.index] = end;
      }
    }
    if (readers === 0 || finished < readers) return { links, trunk };
    // Whoever writes to it may have been started again as well, and say all of it anew.
    const far = new Trunk(trunk.far);
    this.#stubs.push(trunk.near, far);
    for (const { reader: { segment: reader, index } } of this.#options.wiring.wires) {
      if (reader === segment) this.#discard(openEnd(links[index] as PostedEnd, index, far));
    }
    return undefined;
  }

  /** The reading end of a link whose writer goes on. */
  async #connectWriter({ ring, writer, reader }: Wire, trunk: Trunk): Promise<PostedEnd> {
    const reached = await this.#reach(writer, reader.index, trunk);
    if (reached.state === "reached") return { port: reached.port, ring, lostBefore: reached.at };
    // It has said its end to the one that died, if it has nothing left to do.
    const lastWord = reached.state === "finished" ? { t: "end" } : undefined;
    return { port: this.#deadEnd(writer, reader.index, trunk, lastWord), ring, lostBefore: written(ring) };
  }

  /** The writing end of a link whose reader goes on. */
  async #connectReader(
    { ring, reader, writer }: Wire,
    trunk: Trunk,
  ): Promise<PostedEnd & { readonly isFinished: boolean }> {
    const reached = await this.#reach(reader, writer.index, trunk);
    if (reached.state === "reached") return { port: reached.port, ring, nextSequence: reached.at, isFinished: false };
    if (reached.state === "down") return { port: this.#deadEnd(reader, writer.index, trunk), ring, isFinished: false };
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
   * A port, or a line, whose other end the host holds: nobody is there, or only later, since a neighbour that is down
   * connects to this segment when it is started again. (A port cannot be posted any more once its other end is gone.)
   *
   * @param lastWord What whoever is not there has said last.
   */
  #deadEnd(end: WireEnd, number: number, trunk: Trunk, lastWord?: unknown): MessagePort | undefined {
    if (end.segment === undefined) {
      const line = trunk.line(number);
      if (lastWord !== undefined) line.postMessage(lastWord);
      line.close();
      return undefined;
    }
    const { port1, port2 } = new MessageChannel();
    if (lastWord !== undefined) port1.postMessage(lastWord);
    this.#stubs.push(port1);
    return port2;
  }

  /** Connects the other end of a link anew. @param number That of the link in the segment that is started again. */
  async #reach(end: WireEnd, number: number, trunk: Trunk): Promise<Reached> {
    const { writers, readers } = this.#options;
    if (end.segment === undefined) {
      const isWriter = this.#options.wiring.wires.some(({ writer }) => writer === end);
      const host = (isWriter ? writers : readers)[end.index] as LinkWriter | LinkReader;
      const at = await host.reconnect(trunk.line(number));
      return at === undefined ? { state: "finished" } : { state: "reached", at };
    }
    const other = this.#options.neighbour(end.segment);
    if (other.state === "running") {
      const { port1, port2 } = new MessageChannel();
      // It may be in a long computation; if it dies, or is terminated by a cancel, the call rejects.
      const at = await other.placed.reconnect(end.index, port1).catch(() => undefined);
      if (at === null) return { state: "finished" };
      if (at !== undefined) return { state: "reached", at, port: port2 };
      port1.close();
      // It has just ended, or just died: whoever follows it learns of it in this turn.
      await nextTurn();
    }
    return { state: other.state === "ended" ? "finished" : "down" };
  }
}

/** Records that were written to a ring: what was posted for them has no sender any more. */
function written(ring: RingBytes | undefined): number {
  return ring === undefined ? 0 : ringCounters(ring).recordsWritten;
}
