/** Messages that nobody would send, from a seed, and what must hold whatever they are. */

import { fromBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { Random } from "../_support/random.ts";
import {
  converse,
  encode,
  METHODS,
  RawClient,
  type ServiceUnderTest,
  V003,
  V004,
  withService,
} from "./_service_kit.ts";

/** What was sent and what came. */
export interface FuzzCounts {
  messages: number;
  calls: number;
  /** By how the call ended: `ok`, `error in the answer`, or the number of its status. */
  readonly ends: Map<string, number>;
  results: number;
}

const CALLS_AT_A_TIME = 8;
/** INVALID_ARGUMENT and RESOURCE_EXHAUSTED: what a malformed request may be answered with, beside an error in the answer. */
const STATUSES = [0, 3, 8];

/** Sends messages to a service until there were as many as asked for; throws if it does what it must not. */
export async function fuzzWire(
  { seed, messages }: { readonly seed: number; readonly messages: number },
): Promise<FuzzCounts> {
  const limits = { maxCallsPerPeerPerS: 1_000_000, maxMessageBytes: 1_000_000 };
  return await withService(async (under) => {
    const counts: FuzzCounts = { messages: 0, calls: 0, ends: new Map(), results: 0 };
    using client = new RawClient(under.address);
    await Promise.all(Array.from({ length: CALLS_AT_A_TIME }, async (_, lane) => {
      const random = new Random(seed * 1000 + lane);
      while (counts.messages < messages) await fuzzCall(client, random, counts);
    }));
    await checkAfter(under, client);
    return counts;
  }, { limits });
}

async function fuzzCall(client: RawClient, random: Random, counts: FuzzCounts): Promise<void> {
  counts.calls++;
  if (random.integer(0, 4) === 0) return await fuzzUnary(client, random, counts);
  const generation = random.integer(0, 1) === 0 ? CORPUS.first : CORPUS.second;
  // Most streams get past their init, since what comes after it is the larger part.
  const init = random.integer(0, 9) === 0 ? mutate(generation.init, random) : generation.init;
  const length = random.integer(1, 30);
  const stream = client.stream();
  const reading = stream.readAll();
  await stream.write(init);
  counts.messages++;
  for (let i = 0; i < length; i++) {
    const valid = pick(random.integer(0, 15) === 0 ? ALL : generation.chunks(BigInt(i)), random);
    await stream.write(random.integer(0, 11) === 0 ? mutate(valid, random) : valid);
    counts.messages++;
  }
  stream.call.end();
  const answers = (await reading).map((bytes) => fromBinary(V004.StreamResponseSchema, stripResult(bytes)).response);
  const { code, details } = await stream.ended;
  assert.ok(STATUSES.includes(code), `a stream ended with ${code}: ${details}`);
  const errors = answers.filter((answer) => answer.case === "error");
  assert.ok(errors.length <= 1, "more than one error");
  if (errors.length === 1) assert.equal(answers.at(-1)?.case, "error", "something came after the error");
  for (const { value } of errors) {
    assert.ok(value !== undefined && "errorType" in value && value.errorType >= 1 && value.errorType <= 7);
    assert.notEqual(value.errorType, 6, `internal: ${value.message}`);
  }
  counts.results += answers.filter((answer) => answer.case === "result").length;
  tally(counts, code, errors.length);
}

async function fuzzUnary(client: RawClient, random: Random, counts: FuzzCounts): Promise<void> {
  counts.messages++;
  const request = mutate(pick(UNARY, random), random);
  const outcome = await client.unary(METHODS.execute, request).then(
    (answer) => ({
      code: 0,
      details: "",
      error: fromBinary(V004.ExecuteResponseSchema, stripResult(answer)).outcome.case,
    }),
    ({ code, details }) => ({ code: code as number, details: String(details), error: undefined }),
  );
  assert.ok(STATUSES.includes(outcome.code), `a call ended with ${outcome.code}: ${outcome.details}`);
  tally(counts, outcome.code, outcome.error === "error" ? 1 : 0);
}

/** Results of the two generations differ, and only their being there matters: everything inside is left out. */
function stripResult(bytes: Uint8Array): Uint8Array {
  const isStreamResult = bytes[0] === 0x12 || bytes[0] === 0x0a;
  // Field 1 of an ExecuteResponse and field 2 of a StreamResponse; 1 of a StreamResponse is the same in both.
  return isStreamResult && bytes.length > 0 ? Uint8Array.of(bytes[0] as number, 0) : bytes;
}

function tally({ ends }: FuzzCounts, code: number, errors: number): void {
  const end = code !== 0 ? `status ${code}` : errors > 0 ? "error in the answer" : "ok";
  ends.set(end, (ends.get(end) ?? 0) + 1);
}

/** The service is as it was: it serves, nothing is left running, and nothing broke inside. */
async function checkAfter({ service, runtime, log }: ServiceUnderTest, client: RawClient): Promise<void> {
  const { answers } = await converse(client, [V004.StreamRequestSchema, V004.StreamResponseSchema], [
    { request: { case: "init", value: { manifest: MANIFEST, clientVersion: "v1" } } },
    { request: { case: "dataChunk", value: { nodeId: "pass", buffer: JSON_BUFFER } } },
    { request: { case: "control", value: { command: 1 } } },
  ]);
  assert.deepEqual(answers.map(({ response }) => response.case), ["ready", "result", "closed"]);
  assert.deepEqual(log.entries.filter(({ event }) => event === "bug"), []);
  client.close();
  // Both wait for everything that runs.
  await service.close({ drainTimeoutMs: 60_000 });
  assert.equal(log.entries.some(({ event }) => event === "drain-timeout"), false, "a session was left running");
  await runtime.close({ drainTimeoutMs: 60_000 });
}

const MANIFEST = {
  version: "v1",
  metadata: { name: "fuzz" },
  nodes: [
    { id: "pass", nodeType: "PassThrough" },
    { id: "gain", nodeType: "audio.gain", params: '{"gainDb": -6}' },
    { id: "echo", nodeType: "Echo", params: "{}" },
  ],
  connections: [{ from: "pass", to: "echo" }],
};
const AUDIO = { samples: new Uint8Array(64), sampleRate: 16_000, channels: 2, format: 1, numSamples: 16n };
const JSON_BUFFER = { dataType: { case: "json", value: { jsonPayload: '{"a": [1, 2, "x"]}' } } };
const BUFFERS = [
  JSON_BUFFER,
  { dataType: { case: "audio", value: AUDIO }, metadata: { k: "v" } },
  { dataType: { case: "text", value: { textData: new TextEncoder().encode("grüße"), language: "de" } } },
  { dataType: { case: "binary", value: { data: new Uint8Array(20), mimeType: "a/b" } } },
  { dataType: { case: "tensor", value: { data: new Uint8Array(24), shape: [2n, 3n], dtype: 1 } } },
  {
    dataType: {
      case: "numpy",
      value: { data: new Uint8Array(24), shape: [3n, 2n], dtype: "float32", fContiguous: true },
    },
  },
  { dataType: { case: "video", value: { pixelData: new Uint8Array(12), width: 2, height: 2, format: 1 } } },
  { dataType: { case: "file", value: { path: "/a", size: 3n } } },
  { dataType: { case: "control", value: { messageType: { case: "batchHint", value: { suggestedBatchSize: 2 } } } } },
];

const stream003 = (request: object) => encode(V003.StreamRequestSchema, { request });
const stream004 = (request: object) => encode(V004.StreamRequestSchema, { request });
const init = {
  manifest: MANIFEST,
  clientVersion: "v1",
  expectedChunkSize: 16n,
  resourceLimits: { maxMemoryBytes: 1_000_000n },
};

/** Valid messages, from which the others are made. */
const CORPUS = {
  first: {
    init: stream003({ case: "init", value: init }),
    chunks: (sequence: bigint) => [
      stream003({ case: "audioChunk", value: { nodeId: "gain", buffer: AUDIO, sequence } }),
      stream003({
        case: "audioChunk",
        value: { nodeId: "pass", buffer: AUDIO, sequence, timestampMs: sequence * 10n },
      }),
    ],
  },
  second: {
    init: stream004({ case: "init", value: init }),
    chunks: (sequence: bigint) => [
      ...BUFFERS.map((buffer) => stream004({ case: "dataChunk", value: { nodeId: "pass", buffer, sequence } })),
      stream004({ case: "dataChunk", value: { nodeId: "pass", namedBuffers: { in: JSON_BUFFER }, sequence } }),
      stream004({ case: "audioChunk", value: { nodeId: "gain", buffer: AUDIO, sequence } }),
    ],
  },
};
const ALL = [
  CORPUS.first.init,
  CORPUS.second.init,
  ...CORPUS.first.chunks(3n),
  ...CORPUS.second.chunks(3n),
  stream003({ case: "control", value: { command: 1 } }),
  stream004({ case: "control", value: { command: 2 } }),
  new Uint8Array(),
];
const UNARY = [
  encode(V003.ExecuteRequestSchema, {
    manifest: MANIFEST,
    audioInputs: { gain: AUDIO },
    dataInputs: { pass: "[1]" },
    clientVersion: "v1",
  }),
  encode(V003.ExecuteRequestSchema, { manifest: MANIFEST, resourceLimits: { maxAudioSamples: 5n } }),
  ...BUFFERS.map((buffer) =>
    encode(V004.ExecuteRequestSchema, { manifest: MANIFEST, dataInputs: { pass: buffer }, clientVersion: "v1" })
  ),
];

function pick<T>(list: readonly T[], random: Random): T {
  return list[random.integer(0, list.length - 1)] as T;
}

/** Changes a message a little, or beyond recognition. */
function mutate(message: Uint8Array, random: Random): Uint8Array {
  let bytes = [...message];
  const at = () => random.integer(0, Math.max(0, bytes.length - 1));
  for (let i = random.integer(1, 4); i > 0; i--) {
    switch (random.integer(0, 7)) {
      case 0: // one bit
        if (bytes.length > 0) bytes[at()]! ^= 1 << random.integer(0, 7);
        break;
      case 1: // one byte
        bytes[at()] = random.integer(0, 255);
        break;
      case 2: // the end is missing
        bytes.length = at();
        break;
      case 3: // something in between
        bytes.splice(at(), 0, ...Array.from({ length: random.integer(1, 12) }, () => random.integer(0, 255)));
        break;
      case 4: // a part is missing
        bytes.splice(at(), random.integer(1, 12));
        break;
      case 5: // a part twice
        bytes.splice(at(), 0, ...bytes.slice(at(), at() + random.integer(1, 40)));
        break;
      case 6: // the head of one with the tail of another
        bytes = [...bytes.slice(0, at()), ...pick(ALL, random).slice(random.integer(0, 40))];
        break;
      default: // a number that is as large as can be
        bytes.splice(at(), 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01);
    }
  }
  return Uint8Array.from(bytes);
}
