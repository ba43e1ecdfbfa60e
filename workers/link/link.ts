/**
 * What a link is: how values get from one thread to another.
 *
 * @module
 */

import type { StreamrackError } from "../../core/errors.ts";
import type { Inlet } from "../../core/flow/inlet.ts";
import type { EdgeCounts } from "../../core/flow/edge_counts.ts";
import type { FlowLimits, ItemWriter } from "../../core/flow/item.ts";
import type { LinkPeer } from "./link_errors.ts";
import type { LinkKinds } from "./received.ts";
import type { RingBytes } from "./ring.ts";

/** What a link uses of a port: a web port is one, and so is the line of a trunk. */
export type LinkPort = Pick<MessagePort, "onmessage" | "onmessageerror" | "close"> & {
  postMessage(message: unknown, transfer?: Transferable[]): void;
};

/** One end of a link. */
export interface LinkEnd {
  readonly port: LinkPort;
  /** The shared ring for short chunks. Absent without shared memory. */
  readonly ring?: RingBytes | undefined;
  /** Values before this record of the ring may be missing: they were on their way when a thread died. */
  readonly lostBefore?: number | undefined;
  /** The sequence number that the next value is to have, where an earlier writer has died. Default: 0; a ring knows its own. */
  readonly nextSequence?: number | undefined;
}

/** One end of a link that has a channel of its own. */
export type ChannelEnd = LinkEnd & { readonly port: MessagePort };

/**
 * One end of a link for another thread, with `port` in the transfer list. It has none where the host holds the other
 * end: then it is the line of the segment's trunk that has the number of the link.
 */
export interface PostedEnd extends Omit<LinkEnd, "port"> {
  readonly port?: MessagePort | undefined;
}

/** What both ends of a link keep to. */
export interface LinkOptions {
  readonly limits: FlowLimits;
  /** Whether a value stays on the link until nothing that was made from it is under way. Default: false. */
  readonly keeps?: boolean | undefined;
  /** Whether waits for the other end may begin awake. Default: true. */
  readonly waitsAwake?: boolean | undefined;
  /** Where values and waits of this end are counted. */
  readonly counts?: EdgeCounts | undefined;
  /** Who is at the other end, and has to answer for what comes from there. Absent: the host is there. */
  readonly peer?: LinkPeer | undefined;
  /** At the reading end: kinds of data that may come. Absent: any. */
  readonly kinds?: LinkKinds | undefined;
  /** At the reading end: the epoch that no value can be ahead of. Absent: any may come. */
  readonly latestEpoch?: (() => number) | undefined;
  /** At the writing end: told of a violation beside whoever writes. */
  readonly onViolation?: OnViolation | undefined;
}

/** The writing end at work. */
export interface LinkWriter extends ItemWriter {
  /** Resolves when the reader has received the end, or the link was closed on this side. Never rejects. */
  readonly closed: Promise<void>;
  /**
   * Goes on with another reader, since the thread of the last one has died:
   * what it may not have received is posted again, if the link keeps it.
   *
   * @returns The record of the ring from which on nothing is missing; `undefined` if the reader had received the end.
   */
  reconnect(port: LinkPort): Promise<number | undefined>;
  /** Closes the port, whatever is on its way. What still waits to be written rejects. */
  close(): void;
}

/** The reading end at work. */
export interface LinkReader extends Inlet {
  /** Resolves when the writer was told that the end has come and nothing is kept, or the link was closed on this side. Never rejects. */
  readonly closed: Promise<void>;
  /**
   * Goes on with another writer, since the thread of the last one has died.
   * What it has sent can still be taken. The new one must not write before
   * the promise resolves.
   *
   * @returns The sequence number that the next value is to have; `undefined` if nothing is to come any more.
   */
  reconnect(port: LinkPort): Promise<number | undefined>;
  /** Closes the port. What has arrived can still be taken. */
  close(): void;
}

/** Called when the other end breaks the protocol, once. The link is closed by then. */
export type OnViolation = (error: StreamrackError) => void;
