/**
 * The host's side of the channels that the nodes of a segment use.
 *
 * @module
 */

import type { Channels } from "../core/channels/channel_manager.ts";
import { serveChannels } from "../core/channels/serve_channels.ts";
import { settledWithin } from "../core/flow/settled_within.ts";

/** How long the last of what a segment has published may come after its result, in milliseconds. It comes at once. */
const LAST_VALUE_TIMEOUT_MS = 1_000;

/** A connection that has its own port, and ends with the segment. */
export interface SegmentChannels {
  /** The segment's end. */
  readonly port: MessagePort;
  /** Ends the connection when the segment has ended, however that was: no subscription of a dead thread goes on. */
  endWith(result: Promise<unknown>): void;
}

/** Opens a connection to the channels of the application, if it gave any. */
export function openSegmentChannels(channels: Channels | undefined): SegmentChannels | undefined {
  if (channels === undefined) return undefined;
  const { port1, port2 } = new MessageChannel();
  const connection = serveChannels(channels, port1);
  const end = () => {
    connection.close();
    port1.close();
  };
  return {
    port: port2,
    endWith: (result) => {
      // Its result may overtake what it has published, which comes on another port.
      result.then(() => settledWithin(connection.closed, LAST_VALUE_TIMEOUT_MS)).then(end, end);
    },
  };
}
