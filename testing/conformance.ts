/**
 * The conformance suite: what every plugin has to keep to, as checks that any
 * plugin can run.
 *
 * @module
 */

import { RuntimeData } from "../core/data/runtime_data.ts";
import type { DataKind, JsonValue } from "../core/data/types.ts";
import { type Problem, StreamrackError } from "../core/errors.ts";
import { settledWithin } from "../core/flow/settled_within.ts";
import type { NodeContext, NodeSource, StreamingNode } from "../core/node/contract.ts";
import { type AnyNodeDefinition, checkPlugin, type Plugin } from "../core/node/define.ts";
import { describePlugin, type JsonSchema } from "../core/node/describe.ts";
import { StreamingNodeFactory } from "../core/node/factory.ts";
import type { StandardSchema } from "../core/node/standard_schema.ts";
import { toJsonSchema } from "../workers/json_schema.ts";
import { type NodeRun, runNode, type RunNodeOptions, type TestSource } from "./run_node.ts";
import { kindsOf, samplesOf, valueOfSchema, wrongValueOf } from "./sample_values.ts";

/** What the suite needs to know of a node type to try it. */
export interface NodeConformanceOptions {
  /** Parameters to run it with. Default: none, or the least that the schema asks for. */
  readonly params?: JsonValue;
  /** Values to run it with, by input port, in order. Default: some of each kind that the port takes. */
  readonly samples?: { readonly [port: string]: readonly RuntimeData[] };
  /** Whether the same inputs give the same outputs. Default: true. */
  readonly deterministic?: boolean;
  /** Whether audio gives the same samples however it is cut into chunks; checked if true. Default: false. */
  readonly chunkInvariant?: boolean;
  /** Whether it keeps something over a `reset` on purpose, such as a count. Default: false. */
  readonly keepsOverReset?: boolean;
}

/** How the suite runs. */
export interface ConformanceOptions {
  /** By node type. */
  readonly nodes?: { readonly [nodeType: string]: NodeConformanceOptions };
  /** After how long a node counts as stuck, in milliseconds. Default: 10 000. */
  readonly stuckAfterMs?: number;
}

/** One check, for any test runner: `it(check.name, check.run)`. */
export interface ConformanceCheck {
  /** What is checked, with the node type in front. */
  readonly name: string;
  /** Rejects with a StreamrackError if the plugin does not keep to it. */
  readonly run: () => Promise<void>;
}

/** One thing that a plugin does not keep to. */
export interface ConformanceFinding {
  /** Name of the check. */
  readonly check: string;
  readonly error: Error;
}

/**
 * The checks of a plugin, to be hooked into a test runner.
 *
 * The definition has to be valid and its description plain JSON. Of every node
 * type: defaults are valid parameters; wrong parameters give problems, not
 * exceptions; each `create` makes a node of its own; no input is fine; every
 * declared kind of input is taken, or refused with a StreamrackError; what it
 * gives fits its ports; the same inputs give the same outputs, also when every
 * value is taken away as soon as it is yielded; after a reset it gives what a
 * new node gives; an abort ends it; it is disposed of once.
 *
 * @param plugin What the module of the plugin default-exports.
 *
 * @example One by one
 * ```ts
 * import { conformanceTests } from "@streamrack/core/testing";
 * import { defineNode, definePlugin } from "@streamrack/core/plugin";
 *
 * const plugin = definePlugin({
 *   name: "silencer",
 *   version: "1.0.0",
 *   apiVersion: 1,
 *   nodes: [defineNode({
 *     type: "silencer.mute",
 *     summary: "Lets nothing pass.",
 *     inputs: { in: ["audio"] },
 *     outputs: { out: ["audio"] },
 *     create: () => ({ process() {} }),
 *   })],
 * });
 *
 * for (const { name, run } of conformanceTests(plugin)) {
 *   await run(); // in a test file: it(name, run)
 *   console.log(`ok: ${name}`);
 * }
 * ```
 */
export function conformanceTests(plugin: unknown, options: ConformanceOptions = {}): ConformanceCheck[] {
  const isValid = { name: "the definition is valid", run: async () => void await checkPlugin(plugin) };
  let checked: Plugin;
  try {
    checked = checkPlugin(plugin);
  } catch {
    return [isValid]; // nothing else can be said of it
  }
  return [
    isValid,
    { name: "the description is plain JSON", run: () => checkDescription(checked) },
    ...checked.nodes.flatMap((definition) => {
      const subject = new Subject(definition, checked.name, options);
      return NODE_CHECKS.map(([name, check]) => ({ name: `${definition.type}: ${name}`, run: () => check(subject) }));
    }),
  ];
}

/**
 * Runs the whole suite on a plugin and gives all that it does not keep to; an
 * empty list is what you want.
 *
 * @param plugin What the module of the plugin default-exports.
 *
 * @example
 * ```ts
 * import { checkPluginConformance } from "@streamrack/core/testing";
 * import { defineNode, definePlugin, RuntimeData } from "@streamrack/core/plugin";
 * import assert from "node:assert/strict";
 *
 * const plugin = definePlugin({
 *   name: "shouter",
 *   version: "1.0.0",
 *   apiVersion: 1,
 *   nodes: [defineNode({
 *     type: "shouter.shout",
 *     summary: "Says it louder.",
 *     inputs: { in: ["text"] },
 *     outputs: { out: ["text"] },
 *     create: () => ({ process: (data) => RuntimeData.text(data.text.toUpperCase()) }),
 *   })],
 * });
 *
 * assert.deepEqual(await checkPluginConformance(plugin), []);
 * ```
 */
export async function checkPluginConformance(
  plugin: unknown,
  options: ConformanceOptions = {},
): Promise<ConformanceFinding[]> {
  const findings: ConformanceFinding[] = [];
  for (const { name, run } of conformanceTests(plugin, options)) {
    try {
      await run();
    } catch (thrown) {
      findings.push({ check: name, error: StreamrackError.from(thrown) });
    }
  }
  return findings;
}

/** A node type under test. */
class Subject {
  readonly definition: AnyNodeDefinition;
  readonly factory: StreamingNodeFactory;
  readonly options: NodeConformanceOptions;
  readonly ports: readonly string[];
  readonly #stuckAfterMs: number;
  #params: Promise<JsonValue | undefined> | undefined;

  constructor(definition: AnyNodeDefinition, pluginName: string, { nodes, stuckAfterMs = 10_000 }: ConformanceOptions) {
    this.definition = definition;
    this.factory = new StreamingNodeFactory(definition, pluginName);
    this.options = nodes !== undefined && Object.hasOwn(nodes, definition.type) ? nodes[definition.type] ?? {} : {};
    this.ports = Object.keys(definition.inputs);
    this.#stuckAfterMs = stuckAfterMs;
  }

  /** The JSON Schema of the parameters, if they have one. */
  async paramsSchema(): Promise<JsonSchema | undefined> {
    return this.definition.params === undefined ? undefined : await toJsonSchema(this.definition.params);
  }

  /** Parameters to run with. */
  params(): Promise<JsonValue | undefined> {
    return this.#params ??= (async () => {
      if (this.options.params !== undefined) return this.options.params;
      const schema = await this.paramsSchema();
      const required = schema?.["required"];
      return Array.isArray(required) && required.length > 0 ? valueOfSchema(schema as JsonSchema) : undefined;
    })();
  }

  /** Values for a port: the author's, else some of each kind. */
  samples(port: string): readonly RuntimeData[] {
    const given = this.options.samples;
    if (given !== undefined && Object.hasOwn(given, port)) return given[port] ?? [];
    return kindsOf(this.definition.inputs[port] ?? []).flatMap(samplesOf);
  }

  /** Sources with values for every port. */
  sources(samplesOfPort: (port: string) => TestSource["data"] = (port) => this.samples(port)): TestSource[] {
    return this.ports.map((port) => ({ port, data: samplesOfPort(port) }));
  }

  /** Runs the node; fails if it does not end. */
  async run(
    sources: readonly TestSource[],
    options: RunNodeOptions & { definition?: AnyNodeDefinition } = {},
  ): Promise<NodeRun> {
    const { definition = this.definition, ...rest } = options;
    const params = await this.params();
    return await this.inTime(runNode(definition, { sources }, { ...params === undefined ? {} : { params }, ...rest }));
  }

  /** What a call gives; fails if it does not end. */
  async inTime<T>(call: Promise<T>): Promise<T> {
    const settled = await settledWithin(call.then((value) => ({ value })), this.#stuckAfterMs);
    if (settled === undefined) fail(`it did not end within ${this.#stuckAfterMs} ms`);
    return settled.value;
  }
}

/** The checks of each node type, in the order in which a fault in one explains those in the next. */
const NODE_CHECKS: readonly (readonly [name: string, check: (subject: Subject) => Promise<void>])[] = [
  ["its default parameters are valid", checkDefaults],
  ["wrong parameters give problems, not exceptions", checkWrongParams],
  ["every create makes a node of its own", checkOwnNodes],
  ["it is fine without input", checkNoInput],
  ["it takes what its ports declare", checkInputs],
  ["what it gives depends on its input alone, and stays as it was yielded", checkRepeatable],
  ["audio may come in chunks of any size", checkChunks],
  ["it can be reset at any time", checkReset],
  ["after a reset it gives what a new node gives", checkForgets],
  ["an abort ends it", checkAbort],
];

async function checkDescription(plugin: Plugin): Promise<void> {
  const description = await describePlugin(plugin, toJsonSchema);
  const text = JSON.stringify(description);
  if (JSON.stringify(structuredClone(description)) !== text) fail("a clone of the description differs from it");
  const undefinedFields = findNonJson(description, "description");
  if (undefinedFields !== undefined) fail(`${undefinedFields} cannot be written as JSON`);
}

function findNonJson(value: unknown, path: string): string | undefined {
  if (typeof value !== "object" || value === null) {
    return ["string", "number", "boolean"].includes(typeof value) || value === null ? undefined : path;
  }
  for (const [key, member] of Object.entries(value)) {
    const found = findNonJson(member, `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function checkDefaults(subject: Subject): Promise<void> {
  const { factory, options, definition } = subject;
  const params = await subject.params();
  const result = await factory.checkParams(params, "params");
  if (!result.ok) {
    const what = options.params === undefined ? "the least that the schema asks for" : "what the options give";
    fail(
      `${what} is not valid`,
      result.problems,
      `Give valid parameters in options.nodes["${definition.type}"].params.`,
    );
  }
  // A default may break a rule of its own schema, since libraries fill it in unchecked.
  for (const [name, property] of propertiesOf(await subject.paramsSchema())) {
    const value = property["default"];
    if (value === undefined) continue;
    const checked = await factory.checkParams({ ...params as object, [name]: value }, "params");
    if (!checked.ok) fail(`the default of "${name}" is not valid when it is written out`, checked.problems);
  }
}

async function checkWrongParams(subject: Subject): Promise<void> {
  const schema = subject.definition.params as StandardSchema | undefined;
  if (schema === undefined) return;
  const params = await subject.params() as object | undefined;
  const wrong = propertiesOf(await subject.paramsSchema()).flatMap(([name, property]) => {
    const value = wrongValueOf(property);
    return value === undefined ? [] : [[name, { ...params, [name]: value }] as const];
  });
  const anything: readonly unknown[] = [null, 5, "text", true, [], [[]], { "": {} }, JSON.parse('{"__proto__": 5}')];
  for (const [name, given] of [...anything.map((value) => [undefined, value] as const), ...wrong]) {
    // Asked directly, since the factory would turn what is thrown into a problem.
    const { issues } = await schema["~standard"].validate(given);
    if (name === undefined) continue;
    if (issues === undefined) fail(`"${name}" takes ${JSON.stringify(wrongValueIn(given, name))}`);
    if (issues.some(({ message }) => message === "")) fail(`a problem with "${name}" says nothing`);
  }
}

function wrongValueIn(given: unknown, name: string): unknown {
  return (given as { readonly [name: string]: unknown })[name];
}

async function checkOwnNodes(subject: Subject): Promise<void> {
  const nodes = [await createNode(subject), await createNode(subject)];
  await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]?.()));
  if (nodes[0] === nodes[1]) fail("create() gave the same node twice: two sessions would share its state");
}

async function checkNoInput(subject: Subject): Promise<void> {
  const watched = watch(subject.definition);
  await subject.run(subject.sources(() => []), { definition: watched.definition });
  if (watched.processed !== 0) fail("process was called without input");
  checkDisposed(watched);
}

function checkDisposed({ created, disposed }: Watched): void {
  if (disposed !== created) fail(`${created} were created, ${disposed} disposed of`);
}

async function checkInputs(subject: Subject): Promise<void> {
  for (const port of subject.ports) {
    const byKind = groupByKind(subject.samples(port));
    const given = subject.options.samples?.[port] !== undefined;
    const refusals: StreamrackError[] = [];
    for (const [kind, values] of given ? [[undefined, subject.samples(port)] as const] : byKind) {
      const watched = watch(subject.definition);
      const sources = subject.sources((other) => other === port ? values : subject.samples(other));
      const refusal = await subject.run(sources, { definition: watched.definition }).then(() => undefined, asRefusal);
      checkDisposed(watched);
      if (refusal === undefined) continue;
      if (given) throw refusal;
      refusals.push(refusal);
      if (!watched.refused) failWith(kind, refusal);
    }
    if (refusals.length > 0 && refusals.length === byKind.size) {
      const remedy = `Give values that it takes in options.nodes["${subject.definition.type}"].samples["${port}"].`;
      throw new StreamrackError("node-failed", `port "${port}" took none of the sample values`, {
        cause: refusals[0],
        remedy,
      });
    }
  }
}

function groupByKind(values: readonly RuntimeData[]): Map<DataKind, RuntimeData[]> {
  const groups = new Map<DataKind, RuntimeData[]>();
  for (const value of values) groups.set(value.type, [...groups.get(value.type) ?? [], value]);
  return groups;
}

/** What a run failed with; fails itself if it only did not end. */
function asRefusal(thrown: unknown): StreamrackError {
  const refusal = StreamrackError.from(thrown);
  if (refusal.detail.startsWith(FAULT)) throw refusal;
  return refusal;
}

/** Whether an error that a node threw says that it does not take a value. Use of a value it gave away does not. */
function isRefusal(thrown: unknown): boolean {
  if (!StreamrackError.is(thrown) || thrown.reason === "detached-data") return false;
  const { code } = thrown;
  return code === "invalid-argument" || code === "failed-precondition" || code === "out-of-range" ||
    code === "unimplemented";
}

function failWith(kind: DataKind | undefined, cause: StreamrackError): never {
  throw new StreamrackError("node-failed", `${FAULT} a sample of kind ${kind} made it fail: ${cause.message}`, {
    cause,
    remedy: 'Take it, or refuse it with a StreamrackError of code "invalid-argument".',
  });
}

async function checkRepeatable(subject: Subject): Promise<void> {
  if (subject.options.deterministic === false) return;
  const runs: string[] = [];
  for (const strict of [true, true, false]) {
    const sources = await takenSources(subject);
    runs.push(fingerprint(await subject.run(sources, { strict })));
  }
  if (runs[0] !== runs[1]) {
    fail("the same inputs gave other outputs the second time", [], "Set deterministic: false if that is meant.");
  }
  if (runs[0] !== runs[2]) {
    fail("its outputs differ when each is taken away as soon as it is yielded: it uses values that it gave away");
  }
}

/** Values that the node takes: of several kinds for a port, those it does not refuse. */
async function takenSources(subject: Subject): Promise<TestSource[]> {
  const taken = new Map<string, readonly RuntimeData[]>();
  for (const port of subject.ports) {
    const values: RuntimeData[] = [];
    for (const group of groupByKind(subject.samples(port)).values()) {
      const sources = subject.sources((other) => other === port ? group : subject.samples(other));
      const isTaken = await subject.run(sources).then(() => true, () => false);
      if (isTaken) values.push(...group);
    }
    taken.set(port, values);
  }
  return subject.sources((port) => taken.get(port) ?? []);
}

async function checkChunks(subject: Subject): Promise<void> {
  const [port] = subject.ports;
  if (subject.options.chunkInvariant !== true || port === undefined) return;
  const audio = subject.samples(port).filter(RuntimeData.isAudio);
  if (audio.length === 0) fail("chunkInvariant is set, but its first port has no samples of audio");
  const whole = await subject.run([{ port, data: audio }]);
  for (const frames of [1, 64, 1000]) {
    const cut = audio.flatMap((chunk) => [...cutAudio(chunk, frames)]);
    const run = await subject.run([{ port, data: cut }]);
    if (audioText(run) !== audioText(whole)) {
      fail(`chunks of ${frames} frames gave other samples than chunks of ${frameText(audio)}`);
    }
  }
}

function* cutAudio(chunk: ReturnType<typeof RuntimeData.asAudio>, frames: number): Generator<RuntimeData> {
  const step = frames * chunk.channels;
  for (let at = 0; at < chunk.samples.length; at += step) {
    const samples = chunk.samples.slice(at, at + step);
    const timestampUs = chunk.timestampUs === undefined
      ? undefined
      : chunk.timestampUs + at / chunk.channels / chunk.sampleRate * 1e6;
    yield { ...chunk, samples, timestampUs } as RuntimeData;
  }
}

function frameText(audio: readonly ReturnType<typeof RuntimeData.asAudio>[]): string {
  return [...new Set(audio.map(({ samples, channels }) => samples.length / channels))].join(", ");
}

/** All samples of a run, as text to compare. */
function audioText({ outputs }: NodeRun): string {
  return Object.entries(outputs).map(([port, values]) => {
    return `${port}: ${values.filter(RuntimeData.isAudio).flatMap(({ samples }) => [...samples]).join()}`;
  }).join("\n");
}

async function checkReset(subject: Subject): Promise<void> {
  const node = await createNode(subject);
  try {
    if (node.reset === undefined) return;
    await node.reset();
    await node.reset();
    await drain(node.flush?.());
  } finally {
    await node[Symbol.asyncDispose]?.();
  }
}

/** One call of `process`, to be made again on another node. */
interface RecordedCall {
  readonly input: never;
  readonly sourceIndex: number;
  readonly sequence: number;
}

async function checkForgets(subject: Subject): Promise<void> {
  const { deterministic, keepsOverReset } = subject.options;
  if (deterministic === false || keepsOverReset === true) return;
  const sources = await takenSources(subject);
  const calls: RecordedCall[] = [];
  let hasReset = false;
  const record = async (context: NodeContext): Promise<StreamingNode> => {
    const node: StreamingNode = await subject.definition.create(context);
    hasReset = node.reset !== undefined;
    return {
      align: node.align,
      process(input, item) {
        const sourceIndex = context.sources.indexOf(item.source);
        calls.push({ input: structuredClone(input) as never, sourceIndex, sequence: item.sequence });
        return node.process(input, item);
      },
      flush: () => node.flush?.(),
      [Symbol.asyncDispose]: async () => await node[Symbol.asyncDispose]?.(),
    };
  };
  const replay = async (context: NodeContext): Promise<StreamingNode> => {
    const node: StreamingNode = await subject.definition.create(context);
    for (const { input, sourceIndex, sequence } of calls) {
      const source = context.sources[sourceIndex] as NodeSource;
      await drain(node.process(input, {
        source,
        sequence,
        missing: 0,
        attempt: 1,
        isPartial: false,
        progress: undefined,
        signal: context.signal,
      }));
    }
    await node.reset?.();
    return node;
  };
  const fresh = await subject.run(sources, { definition: { ...subject.definition, create: record } });
  if (!hasReset) return;
  const reused = await subject.run(sources, { definition: { ...subject.definition, create: replay } });
  if (fingerprint(fresh) === fingerprint(reused)) return;
  fail("after a reset the same inputs gave other outputs than a new node", [], "Set keepsOverReset if that is meant.");
}

async function checkAbort(subject: Subject): Promise<void> {
  // Before it starts, while it waits for input, and while it is busy.
  for (const phase of ["start", "input", "process"] as const) {
    const controller = new AbortController();
    const watched = watch(subject.definition, () => phase === "process" && controller.abort());
    if (phase === "start") controller.abort();
    const sources = subject.sources((port) => phase === "process" ? subject.samples(port) : never(controller.signal));
    const run = subject.run(sources, { signal: controller.signal, definition: watched.definition });
    if (phase === "input") setTimeout(() => controller.abort(), 0);
    const ending = await run.then(() => undefined, asRefusal);
    // A node without input, or without work, may be done before the abort.
    if (ending !== undefined && ending.code !== "cancelled" && !watched.refused) throw ending;
    if (watched.busy > 0) fail(`an answer still ran after the abort (${phase}): pass item.signal to what it waits for`);
    checkDisposed(watched);
  }
}

/** Input that never comes, until the signal ends it. */
function never(signal: AbortSignal): AsyncIterable<RuntimeData> {
  const ended = new Promise<IteratorReturnResult<undefined>>((resolve) => {
    const end = () => resolve({ done: true, value: undefined });
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
  return { [Symbol.asyncIterator]: () => ({ next: () => ended }) };
}

/** A node type that counts what becomes of its nodes. */
interface Watched {
  readonly definition: AnyNodeDefinition;
  readonly created: number;
  readonly disposed: number;
  readonly processed: number;
  /** Answers that have not ended. */
  readonly busy: number;
  /** Whether the node itself refused a value. */
  readonly refused: boolean;
}

function watch(definition: AnyNodeDefinition, onProcess: () => void = () => {}): Watched {
  const counts = { created: 0, disposed: 0, processed: 0, busy: 0, refused: false };
  const followed = (call: () => unknown) => {
    counts.busy += 1;
    return follow(call, () => counts.busy -= 1, (thrown) => counts.refused ||= isRefusal(thrown)) as never;
  };
  const create = async (context: NodeContext): Promise<StreamingNode> => {
    const node: StreamingNode = await definition.create(context);
    counts.created += 1;
    return {
      process(input, item) {
        counts.processed += 1;
        onProcess();
        return followed(() => node.process(input, item));
      },
      flush: () => followed(() => node.flush?.()),
      reset: () => node.reset?.(),
      async [Symbol.asyncDispose]() {
        counts.disposed += 1;
        await node[Symbol.asyncDispose]?.();
      },
    };
  };
  return Object.defineProperty(counts, "definition", { value: { ...definition, create } }) as unknown as Watched;
}

/** The same answer, whatever its form, with a call when it has ended, and one when the node itself throws. */
async function* follow(
  call: () => unknown,
  onEnd: () => void = () => {},
  onThrow: (thrown: unknown) => void = () => {},
): AsyncGenerator<unknown> {
  try {
    const answer = await call();
    if (isIterable(answer)) yield* answer;
    else if (answer !== undefined) yield answer;
  } catch (thrown) {
    onThrow(thrown);
    throw thrown;
  } finally {
    onEnd();
  }
}

async function drain(answer: unknown): Promise<void> {
  for await (const _ of follow(() => answer));
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

async function createNode(subject: Subject): Promise<StreamingNode> {
  const result = await subject.factory.checkParams(await subject.params(), "params");
  if (!result.ok) fail("its parameters are not valid", result.problems);
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const sources = subject.ports.map((port) => ({ port, from: undefined, ended: false }));
  const { signal } = new AbortController();
  return await subject.inTime(subject.factory.create({ params: result.params, nodeId: "node", sources, signal, log }));
}

function propertiesOf(schema: JsonSchema | undefined): [string, JsonSchema][] {
  return Object.entries((schema?.["properties"] ?? {}) as { readonly [name: string]: JsonSchema });
}

/** Everything that a run gave, as text to compare. */
function fingerprint({ outputs }: NodeRun): string {
  return JSON.stringify(outputs, (_, value: unknown) => {
    if (!ArrayBuffer.isView(value)) return value;
    return Array.from(value as Uint8Array, String); // NaN and big integers have no JSON
  });
}

const FAULT = "the plugin does not conform:";

function fail(detail: string, problems: readonly Problem[] = [], remedy?: string): never {
  throw new StreamrackError("invalid-plugin", `${FAULT} ${detail}`, { problems, remedy });
}
