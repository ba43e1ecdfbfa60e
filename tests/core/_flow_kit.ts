/** Items, and queues of them, for the tests of the flow. */

import { EdgeQueue } from "../../core/flow/edge_queue.ts";
import type { Item } from "../../core/flow/item.ts";
import { RuntimeData } from "../../core/plugin.ts";
import { StreamrackError } from "../../core/errors.ts";

export const STOP = new StreamrackError("session-cancelled", "stop");
export const LIMITS = { items: 2, bytes: 1 << 20 };

export const itemOf = (data: RuntimeData, sequence = 0, epoch = 0): Item => ({
  data,
  sequence,
  epoch,
  bytes: RuntimeData.byteLength(data),
});
export const item = (text: string, sequence = 0, epoch = 0): Item => itemOf(RuntimeData.text(text), sequence, epoch);
export const audioItem = (frames: number, sampleRate = 1000): Item =>
  itemOf(RuntimeData.audio({ samples: new Float32Array(frames), sampleRate }));
export const textOf = ({ data }: Item) => RuntimeData.asText(data);
export const queueOf = (port = "in", limits = LIMITS) => new EdgeQueue({ port, from: undefined }, limits);

export const nothing = () => {};
