/**
 * Makes links and opens their ends: over a shared ring where there is shared
 * memory, else over a port alone.
 *
 * @module
 */

import type { NodeSource } from "../../core/node/contract.ts";
import type { LinkEnd, LinkOptions, LinkReader, LinkWriter, OnViolation } from "./link.ts";
import { createRingMemory, RING_CAPACITY_BYTES, type RingBytes } from "./ring.ts";
import { RingLinkReader } from "./ring_link_reader.ts";
import { RingLinkWriter } from "./ring_link_writer.ts";
import { TransferLinkReader } from "./transfer_link_reader.ts";
import { TransferLinkWriter } from "./transfer_link_writer.ts";

/**
 * Makes the two ends of a link.
 *
 * @param options.shared Whether short chunks may go through shared memory, where the runtime has it. Default: true.
 * @param options.takeRing Where the ring comes from. Default: it is a new one.
 */
export function createLink(
  { shared = true, takeRing = () => createRingMemory(RING_CAPACITY_BYTES) }: {
    readonly shared?: boolean | undefined;
    readonly takeRing?: (() => RingBytes) | undefined;
  } = {},
): { readonly writer: LinkEnd; readonly reader: LinkEnd } {
  const { port1, port2 } = new MessageChannel();
  const ring = shared && typeof SharedArrayBuffer !== "undefined" ? takeRing() : undefined;
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
