/** How many messages of a call wait on either side of it. */

import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Duplex, Readable } from "node:stream";
import { describe, it } from "node:test";
import { limitReadAhead, writeTogether } from "../../remote/transport/call_writer.ts";
import { RawClient } from "./_service_kit.ts";

describe("reading ahead", () => {
  it("goes by the bytes of the last message: few long ones, 16 short ones, and always one", () => {
    const aheadOf = (length: number) => {
      const call = new Readable({ objectMode: true, read() {} });
      limitReadAhead(call);
      let count = 1;
      while (call.push(new Uint8Array(length))) count += 1;
      return count;
    };
    assert.deepEqual([0, 1, 4_096, 8_192, 32_768, 65_536, 10_000_000].map(aheadOf), [16, 16, 16, 8, 2, 1, 1]);
    const mixed = new Readable({ objectMode: true, read() {} });
    limitReadAhead(mixed);
    for (let i = 0; i < 3; i++) assert.ok(mixed.push(new Uint8Array(100)));
    assert.equal(mixed.push(new Uint8Array(1_000_000)), false);
    mixed.push(null);
  });
});

describe("writing together", () => {
  /** A call of the library that holds every message until it is told that it was written. */
  class Held extends Duplex {
    readonly sent: { readonly length: number; readonly written: () => void }[] = [];
    readonly call = {
      sendMessage: (message: Uint8Array, written: () => void) =>
        void this.sent.push({ length: message.length, written }),
    };

    constructor() {
      super({ objectMode: true, read() {} });
    }

    override _write(message: Uint8Array, _encoding: string, written: () => void): void {
      this.call.sendMessage(message, written);
    }
  }

  it("hands on what has gathered in one go, in order, up to so many bytes, and then waits for that", async () => {
    const call = new Held();
    writeTogether(call);
    const lengths = [1, 30_000, 30_000, 30_000, 100_000, 2, 3];
    for (const length of lengths) call.write(new Uint8Array(length));
    const finished = new Promise((resolve) => call.end(resolve));
    const groups: number[][] = [];
    for (let seen = 0; seen < lengths.length;) {
      const group = call.sent.slice(seen);
      groups.push(group.map(({ length }) => length));
      seen = call.sent.length;
      for (const { written } of group) written();
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(groups, [[1], [30_000, 30_000], [30_000], [100_000], [2, 3]]);
    await finished;
  });

  it("is what calls of the library do", async () => {
    const same = (bytes: Buffer) => bytes;
    const codecs = {
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    };
    const server = new Server();
    let together = 0;
    server.addService({ Bidi: { path: "/test.Test/Bidi", requestStream: true, responseStream: true, ...codecs } }, {
      Bidi: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.resume();
        writeTogether(call);
        const { _writev: write } = call;
        call._writev = (messages, written) => {
          together += messages.length;
          write?.call(call, messages, written);
        };
        for (let i = 0; i < 12; i++) call.write(Buffer.from([i]));
        call.end();
      },
    });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
        if (error === null) resolve(port);
        else reject(error);
      })
    );
    const client = new RawClient(`127.0.0.1:${port}`);
    try {
      const answers = await client.stream("/test.Test/Bidi").finish();
      assert.deepEqual(answers.map(([byte]) => byte), Array.from({ length: 12 }, (_, i) => i));
      assert.equal(together, 11);
    } finally {
      client.close();
      server.forceShutdown();
    }
  });
});
