/**
 * Makes links and opens their ends: over a shared ring where there is shared
 * memory, else over a port alone.
 *
 * @module
 */

import type { NodeSource } from "../../core/node/contract.ts";
import type { ChannelEnd, LinkEnd, LinkOptions, LinkReader, LinkWriter, OnViolation } from "./link.ts";
import { createRingMemory, RING_CAPACITY_BYTES, type RingBytes } from "./ring.ts";
import { RingLinkReader } from "./ring_link_reader.ts";
import { RingLinkWriter } from "./ring_link_writer.ts";
import { TransferLinkReader } from "./transfer_link_reader.ts";
import { TransferLinkWriter } from "./transfer_link_writer.ts";

/**
 * Makes the two ends of a link, with a channel and a new ring.
 *
 * @param options.shared Whether short chunks may go through shared memory, where the runtime has it. Default: true.
 */
export function createLink(
  { shared = true }: { readonly shared?: boolean | undefined } = {},
): ReturnType<typeof createLinkOver> {
  return createLinkOver(
    shared && typeof SharedArrayBuffer !== "undefined" ? createRingMemory(RING_CAPACITY_BYTES) : undefined,
  );
}

/** Makes the two ends of a link, with a channel. @param ring For short chunks. Without, all values move over the channel. */
export function createLinkOver(
  ring: RingBytes | undefined,
): { readonly writer: ChannelEnd; readonly reader: ChannelEnd } {
  const { port1, port2 } = new MessageChannel();
  return { writer: { port: port1, ring }, reader: { port: port2, ring } };
}

/** Opens the writing end. */
export function openLinkWriter(end: LinkEnd, options: LinkOptions): LinkWriter {
  const { ring } = end;
  return ring === undefined ? new TransferLinkWriter(end, options) : new RingLinkWriter(end.port, ring, options);
}

/** Opens the reading end. */
export function openLinkReader(
  end: LinkEnd,
  source: Omit<NodeSource, "ended">,
  options: LinkOptions,
  onViolation: OnViolation,
): LinkReader {
  const { ring } = end;
  return ring === undefined
    ? new TransferLinkReader(end.port, source, options, onViolation)
    : new RingLinkReader({ ...end, ring }, source, options, onViolation);
}
