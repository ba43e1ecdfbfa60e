/** Which of the two generations of the wire form a message is of, told from its bytes alone. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  generationOfExecuteRequest,
  generationOfInit,
  generationOfStreamRequest,
} from "../../remote/wire/generation.ts";
import { audioBuffer, f32, PASS } from "./_generations_kit.ts";
import { encode, V003, V004 } from "./_service_kit.ts";

const execute003 = (message: object) => encode(V003.ExecuteRequestSchema, message);
const execute004 = (message: object) => encode(V004.ExecuteRequestSchema, message);
const stream003 = (message: object) => encode(V003.StreamRequestSchema, message);
const stream004 = (message: object) => encode(V004.StreamRequestSchema, message);

describe("which generation a request is of", () => {
  const limits = { maxMemoryBytes: 1000n, maxTimeoutMs: 50n };
  const requests: readonly (readonly [string, Uint8Array, "003" | "004" | undefined])[] = [
    ["first, with a version", execute003({ manifest: PASS, clientVersion: "v1" }), "003"],
    ["first, with limits only", execute003({ manifest: PASS, resourceLimits: limits }), "003"],
    ["first, with audio only", execute003({ manifest: PASS, audioInputs: { pass: audioBuffer([1]) } }), "003"],
    ["first, with data only", execute003({ manifest: PASS, dataInputs: { pass: '{"a":1}' } }), "003"],
    ["second, with a version", execute004({ manifest: PASS, clientVersion: "v1" }), "004"],
    ["second, with limits only", execute004({ manifest: PASS, resourceLimits: limits }), "004"],
    [
      "second, with audio only",
      execute004({ manifest: PASS, dataInputs: { pass: { dataType: { case: "audio", value: audioBuffer([1]) } } } }),
      "004",
    ],
    [
      "second, with text only",
      execute004({ manifest: PASS, dataInputs: { pass: { dataType: { case: "text", value: { textData: f32(1) } } } } }),
      "004",
    ],
    ["either, with a manifest only", execute003({ manifest: PASS }), undefined],
    ["either, empty", new Uint8Array(), undefined],
    ["neither: bytes that are no message", Uint8Array.of(255, 255, 255), undefined],
  ];
  for (const [name, bytes, expected] of requests) {
    it(`ExecuteRequest: ${name}`, () => assert.equal(generationOfExecuteRequest(bytes), expected));
  }

  const chunk = { nodeId: "pass", buffer: audioBuffer([0.5, 1]) };
  const data = { dataType: { case: "audio" as const, value: audioBuffer([0.5, 1]) } };
  const messages: readonly (readonly [string, Uint8Array, "003" | "004" | undefined])[] = [
    ["first, chunk 0", stream003({ request: { case: "audioChunk", value: { ...chunk, sequence: 0n } } }), "003"],
    ["first, chunk 7", stream003({ request: { case: "audioChunk", value: { ...chunk, sequence: 7n } } }), "003"],
    ["first, at a time", stream003({ request: { case: "audioChunk", value: { ...chunk, timestampMs: 9n } } }), "003"],
    ["first, close", stream003({ request: { case: "control", value: { command: 1 } } }), "003"],
    ["first, empty control", stream003({ request: { case: "control", value: {} } }), "003"],
    ["second, chunk 0", stream004({ request: { case: "dataChunk", value: { nodeId: "p", buffer: data } } }), "004"],
    [
      "second, chunk 7",
      stream004({ request: { case: "dataChunk", value: { nodeId: "p", buffer: data, sequence: 7n } } }),
      "004",
    ],
    [
      "second, at a time",
      stream004({ request: { case: "dataChunk", value: { nodeId: "p", buffer: data, timestampMs: 7n } } }),
      "004",
    ],
    [
      "second, by ports",
      stream004({ request: { case: "dataChunk", value: { nodeId: "p", namedBuffers: { in: data } } } }),
      "004",
    ],
    ["second, audio chunk", stream004({ request: { case: "audioChunk", value: { ...chunk, sequence: 1n } } }), "004"],
    ["second, close", stream004({ request: { case: "control", value: { command: 1 } } }), "004"],
    ["either, empty", new Uint8Array(), undefined],
  ];
  for (const [name, bytes, expected] of messages) {
    it(`StreamRequest: ${name}`, () => assert.equal(generationOfStreamRequest(bytes), expected));
  }

  it("init: only its data inputs tell", () => {
    const plain = { manifest: PASS, clientVersion: "v1", expectedChunkSize: 160n };
    assert.deepEqual(
      stream003({ request: { case: "init", value: plain } }),
      stream004({ request: { case: "init", value: plain } }),
    );
    assert.equal(generationOfInit(stream003({ request: { case: "init", value: plain } })), undefined);
    for (const text of ["{}", "1", '"text"', "null", "[1,2]", "-0.5"]) {
      const init = { ...plain, dataInputs: { pass: text } };
      assert.equal(generationOfInit(stream003({ request: { case: "init", value: init } })), "003", text);
    }
    const init = { ...plain, dataInputs: { pass: data } };
    assert.equal(generationOfInit(stream004({ request: { case: "init", value: init } })), "004");
  });
});
