import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { messagesHeard } from "../../core/flow/pacer.ts";
import type { LinkPort } from "../../workers/link/link.ts";
import { createTrunk, openEnd, Trunk } from "../../workers/trunk.ts";

/** Both ends, and what they hear that is on no line. */
function trunk() {
  const { near, far: port } = createTrunk();
  const far = new Trunk(port);
  const heard: { readonly near: unknown[]; readonly far: unknown[] } = { near: [], far: [] };
  near.onMessage = (message) => heard.near.push(message);
  far.onMessage = (message) => heard.far.push(message);
  const close = () => [near, far].forEach((end) => end.close());
  return { near, far, heard, close, [Symbol.dispose]: close };
}

function listen(port: LinkPort): unknown[] {
  const heard: unknown[] = [];
  port.onmessage = ({ data }) => void heard.push(data);
  return heard;
}

describe("Trunk", () => {
  it("keeps apart what is on each line, and on none, and keeps the order of each", async () => {
    using ends = trunk();
    const lines = [0, 1].map((number) => [ends.near.line(number), ends.far.line(number)] as const);
    const heard = lines.map((line) => line.map(listen));
    for (let i = 0; i < 3; i++) {
      for (const [number, [near, far]] of lines.entries()) {
        near.postMessage(`near ${number} ${i}`);
        far.postMessage([number, i]);
      }
      ends.near.post({ i });
      ends.far.post({ id: `${i}` });
    }
    await messagesHeard();
    for (const number of [0, 1]) {
      assert.deepEqual(heard[number], [
        [0, 1, 2].map((i) => [number, i]),
        [0, 1, 2].map((i) => `near ${number} ${i}`),
      ]);
    }
    assert.deepEqual(ends.heard, {
      near: [{ id: "0" }, { id: "1" }, { id: "2" }],
      far: [{ i: 0 }, { i: 1 }, { i: 2 }],
    });
  });

  it("moves what is to be moved", async () => {
    using ends = trunk();
    const heard = listen(ends.far.line(0));
    const samples = Float32Array.of(1, 2);
    ends.near.line(0).postMessage({ samples }, [samples.buffer]);
    assert.equal(samples.length, 0);
    await messagesHeard();
    assert.deepEqual(heard, [{ samples: Float32Array.of(1, 2) }]);
  });

  it("moves bare buffers to the line that they were posted on, whatever comes between", async () => {
    using ends = trunk();
    const lines = [0, 1].map((number) => ends.near.line(number));
    const heard = [0, 1].map((number) => listen(ends.far.line(number)));
    const posted = [0, 0, 1, "x", 1, 0, 1, 1];
    for (const [i, on] of posted.entries()) {
      if (on === "x") {
        ends.near.post({ i });
        lines[0]?.postMessage(i);
        continue;
      }
      const buffer = Uint8Array.of(i).buffer;
      lines[on as number]?.postMessage(buffer, [buffer]);
      assert.equal(buffer.byteLength, 0);
    }
    await messagesHeard();
    const bytesOf = (message: unknown) => message instanceof ArrayBuffer ? new Uint8Array(message)[0] : message;
    assert.deepEqual(heard.map((messages) => messages.map(bytesOf)), [[0, 1, 3, 5], [2, 4, 6, 7]]);
    assert.deepEqual(ends.heard.far, [{ i: 3 }]);
  });

  it("takes a bare buffer for nothing on a line where none was named", async () => {
    using ends = trunk();
    const heard = listen(ends.far.line(0));
    ends.near.post(new ArrayBuffer(3));
    await messagesHeard();
    assert.deepEqual([heard, ends.heard.far], [[], [new ArrayBuffer(3)]]);
  });

  it("keeps what comes on a line before anybody listens, and gives it in order, not within the call", async () => {
    using ends = trunk();
    const [near, far] = [ends.near.line(3), ends.far.line(3)];
    near.postMessage("a");
    near.postMessage("b");
    await messagesHeard();
    const heard = listen(far);
    assert.deepEqual(heard, []);
    near.postMessage("c");
    await messagesHeard();
    assert.deepEqual(heard, ["a", "b", "c"]);
  });

  it("drops what comes on a line that was closed, and says nothing on it", async () => {
    using ends = trunk();
    const [near, far] = [ends.near.line(0), ends.far.line(0)];
    const heard = [listen(near), listen(far)];
    far.close();
    far.postMessage("from a line that is closed");
    near.postMessage("to a line that is closed");
    await messagesHeard();
    assert.deepEqual(heard, [[], []]);
    assert.deepEqual(ends.heard, { near: [], far: [] });
  });

  it("gives a number to another line, once the last is closed", async () => {
    using ends = trunk();
    ends.near.line(0).close();
    const heard = listen(ends.near.line(0));
    ends.far.line(0).postMessage("a");
    await messagesHeard();
    assert.deepEqual(heard, ["a"]);
  });

  it("takes a message on a line that it does not have for one on none: whoever hears those knows it for a breach", async () => {
    using ends = trunk();
    for (const message of [[], [1, "x"], ["0", "x"], [null]]) ends.far.post(message);
    ends.near.line(0);
    await messagesHeard();
    assert.deepEqual(ends.heard.near, [[], [1, "x"], ["0", "x"], [null]]);
  });

  it("hears and says nothing more once it is closed", async () => {
    const ends = trunk();
    const line = ends.near.line(0);
    const heard = listen(line);
    ends.far.line(0).postMessage("on its way");
    ends.far.post("as well");
    ends.near.close();
    line.postMessage("x");
    ends.near.post("x");
    await messagesHeard();
    assert.deepEqual([heard, ends.heard], [[], { near: [], far: [] }]);
    ends.close();
  });
});

describe("openEnd", () => {
  it("gives a line to an end that was posted without a port, and leaves others as they are", () => {
    using ends = trunk();
    const { port1, port2 } = new MessageChannel();
    assert.equal(openEnd({ port: port1 }, 0, ends.far).port, port1);
    const { port, lostBefore } = openEnd({ lostBefore: 5 }, 1, ends.far);
    assert.equal(lostBefore, 5);
    assert.equal(typeof port.postMessage, "function");
    port1.close();
    port2.close();
  });
});
