/** Links whose two ends are in this thread. */

import { FanIn } from "../../../core/flow/fan_in.ts";
import type { FlowLimits, Item } from "../../../core/flow/item.ts";
import type { StreamrackError } from "../../../core/errors.ts";
import type { LinkOptions, LinkReader, LinkWriter } from "../../../workers/link/link.ts";
import { createLink, openLinkReader, openLinkWriter } from "../../../workers/link/open_link.ts";
import type { RingBytes } from "../../../workers/link/ring.ts";

/** Both ways that a link can take. */
export const WAYS = [{ name: "ring", shared: true }, { name: "transfer", shared: false }] as const;

export const LIMITS: FlowLimits = { items: 4, bytes: 1 << 20 };

/** Lets the event loop turn so often that messages on their way, and what they set off, have been handled. */
export async function turns(count = 8): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A link with both ends at work, read through a fan-in, as a node would. */
export class OpenLink {
  readonly writer: LinkWriter;
  readonly reader: LinkReader;
  readonly fanIn: FanIn;
  readonly violations: StreamrackError[] = [];
  /** Called at the very moment when an item is taken to be read. */
  onTake: (item: Item) => void = () => {};

  constructor({ shared, limits = LIMITS }: { readonly shared: boolean; readonly limits?: FlowLimits }) {
    const { writer, reader } = createLink({ shared });
    this.writer = openLinkWriter(writer, { limits });
    this.reader = openLinkReader(reader, { port: "in", from: "n" }, { limits }, (error) => {
      this.violations.push(error);
      this.fanIn.abort(error);
    });
    const take = this.reader.take.bind(this.reader);
    const flushBefore = this.reader.flushBefore.bind(this.reader);
    let isDropping = false;
    this.reader.take = () => {
      const item = take();
      if (!isDropping) this.onTake(item);
      return item;
    };
    this.reader.flushBefore = (epoch) => {
      isDropping = true;
      flushBefore(epoch);
      isDropping = false;
    };
    this.fanIn = new FanIn([this.reader], "any");
    this.reader.onLaterEpoch = (epoch) => this.fanIn.flushBefore(epoch);
  }

  close(): void {
    this.writer.close();
    this.reader.close();
  }
}

/** A reader at work, and the other end bare: whoever holds it can say what he likes. */
export class ReaderUnderAttack {
  readonly port: MessagePort;
  readonly ring: RingBytes | undefined;
  readonly reader: LinkReader;
  readonly fanIn: FanIn;
  readonly violations: StreamrackError[] = [];

  constructor(shared: boolean, options: Partial<LinkOptions> = {}) {
    const { writer, reader } = createLink({ shared });
    this.port = writer.port;
    this.ring = writer.ring;
    this.port.start();
    this.reader = openLinkReader(reader, { port: "in", from: "n" }, { limits: LIMITS, ...options }, (error) => {
      this.violations.push(error);
      this.fanIn.abort(error);
    });
    this.fanIn = new FanIn([this.reader], "any");
  }

  close(): void {
    this.port.close();
    this.reader.close();
  }
}
