/** The short way for audio gives what the long way gives. */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  readAudioDataChunk,
  readAudioResult,
  writeAudioDataChunk,
  writeAudioResult,
} from "../../remote/wire/audio_path.ts";
import { Random } from "../_support/random.ts";
import { encode, V004 } from "./_service_kit.ts";

function randomAudio(random: Random) {
  return {
    samples: Uint8Array.from({ length: 4 * random.integer(0, 300) }, () => random.integer(0, 255)),
    sampleRate: random.integer(0, 1) * random.integer(1, 2 ** 32 - 1),
    channels: random.integer(0, 300),
    format: random.integer(0, 3) as 0 | 1 | 2 | 3,
    numSamples: BigInt(random.integer(0, 1)) * (2n ** 63n + BigInt(random.integer(0, 1000))),
  };
}

function randomMetadata(random: Random): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: random.integer(0, 3) }, (_, i) => [`k${i}`, "ü".repeat(random.integer(0, 90))]),
  );
}

describe("the short way for audio", () => {
  it("reads and writes a chunk as the long way does", () => {
    const random = new Random(11);
    for (let i = 0; i < 500; i++) {
      const expected = {
        nodeId: "n".repeat(random.integer(0, 200)),
        sequence: BigInt(random.integer(0, 1)) * (2n ** 64n - 1n),
        timestampMs: BigInt(random.integer(0, 5)),
        audio: randomAudio(random),
        metadata: randomMetadata(random),
      };
      const { audio, metadata, ...rest } = expected;
      const value = { ...rest, buffer: { dataType: { case: "audio", value: audio }, metadata } };
      const message = encode(V004.StreamRequestSchema, { request: { case: "dataChunk", value } });
      assert.deepEqual(readAudioDataChunk(message), expected);
      assert.deepEqual(writeAudioDataChunk(expected), message);
    }
  });

  it("reads and writes a result as the long way does", () => {
    const random = new Random(12);
    for (let i = 0; i < 500; i++) {
      const audio = randomAudio(random);
      const metadata = randomMetadata(random);
      const key = "k".repeat(random.integer(1, 200));
      const result = {
        sequence: BigInt(random.integer(0, 1)) * 2n ** 60n,
        processingTimeMs: random.integer(0, 1) * random.unit(),
        itemsProcessed: BigInt(random.integer(0, 3)),
      };
      const written = writeAudioResult({ ...result, key, audio, metadata });
      const value = {
        sequence: result.sequence,
        processingTimeMs: result.processingTimeMs,
        totalItemsProcessed: result.itemsProcessed,
        dataOutputs: { [key]: { dataType: { case: "audio" as const, value: audio }, metadata } },
      };
      const long = create(V004.StreamResponseSchema, { response: { case: "result", value } });
      assert.deepEqual(written, toBinary(V004.StreamResponseSchema, long));
      assert.deepEqual(fromBinary(V004.StreamResponseSchema, written), long);
      assert.deepEqual(readAudioResult(written), { ...result, key, audio, metadata });
    }
  });

  it("leaves everything unusual to the long way", () => {
    const audio = { dataType: { case: "audio", value: { samples: new Uint8Array(4), channels: 1 } } };
    const chunk = (value: object) => encode(V004.StreamRequestSchema, { request: { case: "dataChunk", value } });
    const plain = chunk({ nodeId: "n", buffer: audio });
    assert.ok(readAudioDataChunk(plain) !== undefined);
    const withJson = {
      dataType: { case: "audio", value: { samples: new Uint8Array(4), metadataJson: Uint8Array.of(123, 125) } },
    };
    const unusual = [
      new Uint8Array(),
      plain.subarray(0, plain.length - 1),
      Uint8Array.of(...plain, ...plain),
      Uint8Array.of(...plain, 0x38, 1),
      chunk({ nodeId: "n" }),
      chunk({ nodeId: "n", namedBuffers: { in: audio } }),
      chunk({ nodeId: "n", buffer: { dataType: { case: "text", value: {} } } }),
      chunk({ nodeId: "n", buffer: {} }),
      chunk({ nodeId: "n", buffer: withJson }),
      encode(V004.StreamRequestSchema, { request: { case: "control", value: { command: 1 } } }),
    ];
    for (const [i, message] of unusual.entries()) assert.equal(readAudioDataChunk(message), undefined, `${i}`);
    const result = (value: object) => encode(V004.StreamResponseSchema, { response: { case: "result", value } });
    assert.ok(readAudioResult(result({ dataOutputs: { a: audio } })) !== undefined);
    const others = [
      result({}),
      result({ dataOutputs: { a: audio, b: audio } }),
      result({ dataOutputs: { a: withJson } }),
      result({ dataOutputs: { a: { dataType: { case: "json", value: {} } } } }),
      encode(V004.StreamResponseSchema, { response: { case: "closed", value: { sessionId: "s" } } }),
    ];
    for (const [i, message] of others.entries()) assert.equal(readAudioResult(message), undefined, `result ${i}`);
  });
});
