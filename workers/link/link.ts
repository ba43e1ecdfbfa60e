/**
 * Links: how values get from one thread to another, and which way they take.
 *
 * @module
 */

import type { StreamrackError } from "../../core/errors.ts";
import type { Inlet } from "../../core/flow/inlet.ts";
import type { EdgeCounts } from "../../core/flow/edge_counts.ts";
import type { FlowLimits, ItemWriter } from "../../core/flow/item.ts";
import type { NodeSource } from "../../core/node/contract.ts";
import { createRingMemory } from "./ring.ts";
import { RingLinkReader, RingLinkWriter } from "./ring_link.ts";
import { TransferLinkReader, TransferLinkWriter } from "./transfer_link.ts";

/** One end of a link. It may be posted to another thread, with `port` in the transfer list. */
export interface LinkEnd {
  readonly port: MessagePort;
  /** The shared ring for short chunks. Absent without shared memory. */
  readonly ring?: SharedArrayBuffer | undefined;
}

/** The writing end at work. */
export interface LinkWriter extends ItemWriter {
  /** Resolves when the reader has received the end, or the link was closed on this side. Never rejects. */
  readonly closed: Promise<void>;
  /** Closes the port, whatever is on its way. What still waits to be written rejects. */
  close(): void;
}

/** The reading end at work. */
export interface LinkReader extends Inlet {
  /** Closes the port. What has arrived can still be taken. */
  close(): void;
}

/** Called when the other end breaks the protocol, once. The link is closed by then. */
export type OnViolation = (error: StreamrackError) => void;

/**
 * Room for records in a ring: 16 chunks of 10 ms. Garbage collectors do not feel how large shared memory is, so rings of
 * many short sessions lie about for long; small ones keep that bounded.
 */
const RING_BYTES = 32 * 1024;

/**
 * Makes the two ends of a link.
 *
 * @param options.shared Whether short chunks may go through shared memory, where the runtime has it. Default: true.
 */
export function createLink(
  { shared = true }: { readonly shared?: boolean | undefined } = {},
): { readonly writer: LinkEnd; readonly reader: LinkEnd } {
  const { port1, port2 } = new MessageChannel();
  const ring = shared && typeof SharedArrayBuffer !== "undefined" ? createRingMemory(RING_BYTES) : undefined;
  return { writer: { port: port1, ring }, reader: { port: port2, ring } };
}

/** Opens the writing end. @param counts Where its values and waits are counted. */
export function openLinkWriter({ port, ring }: LinkEnd, limits: FlowLimits, counts?: EdgeCounts): LinkWriter {
  return ring === undefined
    ? new TransferLinkWriter(port, limits, counts)
    : new RingLinkWriter(port, ring, limits, counts);
}

/**
 * Opens the reading end.
 *
 * @param counts Where what it takes is counted. A ring needs none: it counts in its own memory.
 */
export function openLinkReader(
  { port, ring }: LinkEnd,
  source: Omit<NodeSource, "ended">,
  limits: FlowLimits,
  onViolation: OnViolation,
  counts?: EdgeCounts,
): LinkReader {
  return ring === undefined
    ? new TransferLinkReader(port, source, limits, onViolation, counts)
    : new RingLinkReader(port, ring, source, limits, onViolation);
}
