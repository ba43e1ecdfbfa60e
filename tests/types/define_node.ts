/**
 * Type tests of defineNode: nothing here runs, `deno check` is the test.
 *
 * @module
 */

import * as v from "valibot";
import { type AudioData, defineNode, definePlugin, RuntimeData, type TextData } from "../../core/plugin.ts";
import type { Equal, Expect } from "./_expect.ts";

const TEXT = { type: "t.x", summary: "s", inputs: { in: ["text"] }, outputs: { out: ["text"] } } as const;
const text = RuntimeData.text("x");
const json = RuntimeData.json(1);
const audio = RuntimeData.audio({ samples: new Float32Array(1), sampleRate: 1 });

// Parameters, input and output follow from the declaration.
defineNode({
  ...TEXT,
  params: v.object({ gainDb: v.optional(v.number(), 0), mode: v.picklist(["a", "b"]) }),
  inputs: { in: ["audio"] },
  create({ params, nodeId, signal, sources }) {
    type _Params = Expect<Equal<typeof params, { gainDb: number; mode: "a" | "b" }>>;
    type _Context = Expect<Equal<[typeof nodeId, typeof signal], [string, AbortSignal]>>;
    type _Ended = Expect<Equal<typeof sources[number]["ended"], boolean>>;
    return {
      process(data, item) {
        type _Input = Expect<Equal<typeof data, AudioData>>;
        type _Item = Expect<Equal<typeof item.sequence, number>>;
        return text;
      },
    };
  },
});

// Without a schema there are no parameters.
defineNode({
  ...TEXT,
  create({ params }) {
    type _Params = Expect<Equal<typeof params, undefined>>;
    return { process() {} };
  },
});

// What a schema makes of the parameters is what create sees.
defineNode({
  ...TEXT,
  params: v.pipe(v.object({ at: v.string() }), v.transform(({ at }) => new Date(at))),
  create({ params }) {
    type _Params = Expect<Equal<typeof params, Date>>;
    return { process() {} };
  },
});

// Several kinds make a union, and "any" is every kind.
defineNode({
  ...TEXT,
  inputs: { in: ["text", "audio"] },
  create: () => ({
    process(data) {
      type _Input = Expect<Equal<typeof data, TextData | AudioData>>;
    },
  }),
});
defineNode({
  ...TEXT,
  inputs: { in: ["any"] },
  outputs: { out: ["any"] },
  create: () => ({
    process(data) {
      type _Input = Expect<Equal<typeof data, RuntimeData>>;
      return data;
    },
  }),
});

// Every form of answer is taken: nothing, a value, a promise, a list, generators.
defineNode({ ...TEXT, create: () => ({ process() {} }) });
defineNode({ ...TEXT, create: () => ({ process: () => text }) });
defineNode({ ...TEXT, create: () => ({ process: (data) => data.text === "" ? undefined : data }) });
defineNode({ ...TEXT, create: () => ({ process: async () => await Promise.resolve(text) }) });
defineNode({ ...TEXT, create: () => ({ process: () => [text, text] }) });
defineNode({ ...TEXT, create: () => Promise.resolve({ process: () => text, flush: () => [text], reset() {} }) });
defineNode({
  ...TEXT,
  create: () => ({
    *process() {
      yield text;
    },
    async *flush() {
      yield await Promise.resolve(text);
    },
    async [Symbol.asyncDispose]() {},
  }),
});

// Outputs of a kind that is not declared are refused, in every form.
// @ts-expect-error json is not among the outputs
defineNode({ ...TEXT, create: () => ({ process: () => json }) });
// @ts-expect-error nor in a promise
defineNode({ ...TEXT, create: () => ({ process: () => Promise.resolve(json) }) });
// @ts-expect-error nor in a list
defineNode({ ...TEXT, create: () => ({ process: () => [json] }) });
// @ts-expect-error nor from flush
defineNode({ ...TEXT, create: () => ({ process() {}, flush: () => json }) });
// @ts-expect-error a plain string is no RuntimeData
defineNode({ ...TEXT, create: () => ({ process: () => "text" }) });
// @ts-expect-error a node without process
defineNode({ ...TEXT, create: () => ({ flush() {} }) });
defineNode({
  ...TEXT,
  create: () => ({
    // @ts-expect-error nor from a generator
    async *process() {
      yield await Promise.resolve(audio);
    },
  }),
});

// Several ports: objects by port name.
defineNode({
  ...TEXT,
  inputs: { voice: ["audio"], hint: ["text", "json"] },
  outputs: { loud: ["audio"], events: ["json"] },
  create: () => ({
    *process({ voice, hint }) {
      type _Voice = Expect<Equal<typeof voice, AudioData | undefined>>;
      type _Hint = Expect<Equal<typeof hint, TextData | typeof json | undefined>>;
      if (voice !== undefined) yield { loud: voice };
      yield { loud: audio, events: json };
    },
  }),
});
const several = { ...TEXT, outputs: { loud: ["audio"], events: ["json"] } } as const;
// @ts-expect-error the port must be named
defineNode({ ...several, create: () => ({ process: () => audio }) });
// @ts-expect-error json does not leave by the port for audio
defineNode({ ...several, create: () => ({ process: () => ({ loud: json }) }) });
// @ts-expect-error a kind that does not exist
defineNode({ ...TEXT, inputs: { in: ["sound"] }, create: () => ({ process() {} }) });
// @ts-expect-error an alignment that does not exist
defineNode({ ...TEXT, align: "all", create: () => ({ process() {} }) });

// A plugin takes nodes of any types, and needs all its fields.
const node = defineNode({ ...TEXT, create: () => ({ process: () => text }) });
const made = definePlugin({ name: "p", version: "1.0.0", apiVersion: 1, nodes: [node] });
type _Name = Expect<Equal<typeof made.name, string>>;
// @ts-expect-error without a version
definePlugin({ name: "p", apiVersion: 1, nodes: [] });
