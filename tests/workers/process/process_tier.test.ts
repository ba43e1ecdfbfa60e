import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import process from "node:process";
import {
  createRuntime,
  type LogEntry,
  type Manifest,
  type Runtime,
  RuntimeData,
  StreamrackError,
} from "../../../mod.ts";
import { settledWithin } from "../../../core/flow/settled_within.ts";
import { FRAME_BYTES_MAX } from "../../../workers/process/frame_reader.ts";
import { LogBook } from "../../_support/log_book.ts";
import { isAlive, until } from "../../_support/processes.ts";

const PLUGINS = new URL("../../_support/plugins/", import.meta.url);

const plugin = (name: string) => new URL(`${name}.ts`, PLUGINS);

/** Nodes in a row; those of our own plugins run in threads. */
function row(...nodes: (readonly [type: string, params?: Manifest["nodes"][number]["params"]])[]): Manifest {
  return {
    version: "v1",
    nodes: nodes.map(([node_type, params], i) => ({ id: `n${i}`, node_type, params })),
    connections: nodes.slice(1).map((_, i) => ({ from: `n${i}`, to: `n${i + 1}` })),
  };
}

function audio(count: number, frames = 480): RuntimeData[] {
  return Array.from({ length: count }, (_, i) => {
    const samples = Float32Array.from({ length: frames }, (_, k) => k === 0 ? i : k === 1 ? 0 : Math.fround(i + k / 7));
    return RuntimeData.audio({ samples, sampleRate: 48_000, metadata: { at: i, nothing: null, list: [-0, "ü"] } });
  });
}

async function rejection(promise: Promise<unknown>): Promise<StreamrackError> {
  const thrown = await promise.then(() => assert.fail("nothing was thrown"), (error: unknown) => error);
  assert.ok(StreamrackError.is(thrown), String(thrown));
  return thrown;
}

describe("process tier", () => {
  let runtime: Runtime;
  let folder = "";
  const logs: LogEntry[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "streamrack-process-"));
    runtime = await createRuntime({
      plugins: [
        { tier: "process", plugin: plugin("crash") },
        { tier: "process", plugin: plugin("faults") },
        { tier: "process", plugin: plugin("child") },
        { tier: "process", plugin: plugin("hostile") },
        { tier: "process", plugin: plugin("conform") },
      ],
      onLog: (entry) => void logs.push(entry),
      killGraceMs: 1_500,
    });
  });
  after(async () => {
    await runtime.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("gives what the same nodes give in a thread, to the bit, in short chunks and long ones", async () => {
    await using threads = await createRuntime({ plugins: [plugin("crash")] });
    for (const frames of [480, 24_000]) {
      const manifest = row(["audio.gain", { gainDb: -3 }], ["crash.at"], ["audio.gain", { gainDb: 1 }]);
      const [here, there] = await Promise.all(
        [threads, runtime].map((each) => each.execute(manifest, { n0: audio(60, frames) })),
      );
      assert.deepEqual(there!.outputs, here!.outputs);
    }
  });

  it("runs in another process, with the environment of the host where no grants are given", async () => {
    const { outputs } = await runtime.execute(row(["child.env"]), { n0: RuntimeData.text("") });
    const { pid, env } = RuntimeData.asJson(outputs["n0"]![0]!) as { pid: number; env: string[] };
    assert.notEqual(pid, process.pid);
    assert.ok(env.includes("PATH"), env.join());
  });

  it("holds the source back where a node is slow", async () => {
    const session = await runtime.open(row(["crash.at", { at: [0], how: "hang" }]));
    let accepted = 0;
    const sending = (async () => {
      for (const data of audio(200)) {
        await session.send(data);
        accepted += 1;
      }
    })();
    assert.equal(await settledWithin(sending.then(() => "all"), 500), undefined);
    assert.ok(accepted <= 17, `${accepted} values were let in`);
    await session.cancel();
    await rejection(sending);
  });

  it("tells errors, logs and counts as a thread does", async () => {
    const error = await rejection(runtime.execute(row(["fault.throw-with-code"]), { n0: RuntimeData.text("x") }));
    assert.equal(error.reason, "node-failed");
    assert.equal(error.nodeId, "n0");
    assert.equal((error.cause as { code?: string }).code, "ENOSPC");
    const session = await runtime.open(row(["fault.events"]));
    await session.send(RuntimeData.text("x"));
    for await (const _ of session) break;
    assert.deepEqual(logs.splice(0).map(({ message }) => message), ["created", "aborted", "disposed"]);
    const { metrics } = await runtime.execute(row(["crash.at"]), { n0: audio(5) });
    assert.equal(metrics.nodes["n0"]?.itemsOut, 5);
    assert.notEqual(metrics.nodes["n0"]?.threadId, 0);
  });

  for (const how of ["exit", "reject-late"] as const) {
    it(`survives a plugin's ${how}, and loses nothing`, async () => {
      // A ticket, since attempts do not tell: a process that exits may take the word with it that it has taken a value.
      const tickets = join(folder, how);
      const manifest = row(["audio.gain"], ["crash.at", { at: [7], how, tickets }], ["audio.gain"]);
      const options = { delivery: "at-least-once", restart: { maxRestarts: 3, initialDelayMs: 1 } } as const;
      const { outputs, metrics } = await runtime.execute(manifest, { n0: audio(20) }, options);
      const numbers = new Set(outputs["n2"]!.map((data) => RuntimeData.asAudio(data).samples[0]));
      assert.equal(numbers.size, 20);
      assert.equal(metrics.restarts, 1);
    });
  }

  it("kills an endless loop after its grace, and goes on with a new process", async () => {
    const log = new LogBook<LogEntry>();
    await using looping = await createRuntime({
      plugins: [{ tier: "process", plugin: plugin("faults") }],
      onLog: log.onLog,
      killGraceMs: 1_500,
      stallAfterMs: 1_000,
    });
    const session = await looping.open(row(["fault.loop"]));
    await session.send(RuntimeData.text("x"));
    await log.until(({ message }) => /blocked its thread/.test(message));
    assert.equal((await session.metrics()).nodes["n0"], undefined); // it tells nothing any more
    await session.cancel();
    const { outputs } = await looping.execute(row(["fault.throw", { at: 5 }]), {
      n0: audio(2),
    });
    assert.equal(outputs["n0"]!.length, 2);
  });

  it("kills a process that writes nonsense to the pipe", async () => {
    const error = await rejection(runtime.execute(row(["child.forge"]), { n0: RuntimeData.text("x") }));
    assert.equal(error.reason, "protocol-violation", error.message);
    assert.equal(error.pluginName, "child");
    assert.equal(runtime.metrics().plugins["child"]?.violations, 1);
  });

  it("tells of a process that kills itself, and ends what that has started", async () => {
    const { outputs } = await runtime.execute(row(["child.spawn"]), { n0: RuntimeData.text("x") });
    const pid = RuntimeData.asJson(outputs["n0"]![0]!) as number;
    assert.ok(isAlive(pid));
    const error = await rejection(runtime.execute(row(["child.kill"]), { n0: RuntimeData.text("x") }));
    assert.deepEqual([error.reason, error.nodeId, error.pluginName], ["worker-crashed", "n0", "child"]);
    assert.match(error.message, /child process.*SIGKILL/);
    await until(() => !isAlive(pid), `the end of process ${pid}`);
  });

  it("pollutes no prototype of the host by the keys of what comes out of it", async () => {
    const { items } = await runtime.execute(row(["hostile.keys"]), { n0: RuntimeData.text("x") });
    const data = RuntimeData.asJson(items[0]!.data) as object;
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    assert.equal(Object.getPrototypeOf(data), Object.prototype);
    assert.deepEqual(Object.keys(data), ["__proto__", "constructor"]);
    assert.ok(Object.hasOwn(items[0]!.data.metadata!, "__proto__"));
  });

  it("says which edges the host relays", async () => {
    const manifest = row(["audio.gain"], ["crash.at"], ["crash.at"], ["audio.gain"], ["util.passthrough"]);
    const { metrics } = await runtime.execute(manifest, { n0: audio(3) });
    assert.deepEqual(
      metrics.links.map(({ isRelayed, isFused, items }) => [isRelayed, isFused, items]),
      [[false, false, 3], [true, false, 3], [false, true, 3], [true, false, 3], [false, false, 3], [false, false, 3]],
    );
  });

  it("says that a value is too large for it, and goes on with others", async () => {
    const huge = RuntimeData.binary(new Uint8Array(FRAME_BYTES_MAX));
    const error = await rejection(runtime.execute(row(["crash.at"]), { n0: huge }));
    assert.match(error.message, /too large for the process tier/);
    const { outputs } = await runtime.execute(row(["crash.at"]), { n0: RuntimeData.json(1) });
    assert.equal(outputs["n0"]!.length, 1);
  });

  it("has plugins keep to their contract as a thread has, by the conformance suite in both", async () => {
    await using threads = await createRuntime({ plugins: [plugin("conform")] });
    const nodes = { "audio.resample": { params: { sampleRateHz: 24_000 } } };
    const urls = ["text", "audio"].map((name) => {
      return RuntimeData.text(new URL(`../../../plugins/${name}/mod.ts`, import.meta.url).href);
    });
    for (const each of [threads, runtime]) {
      const { outputs } = await each.execute(row(["conform.run", { nodes }]), { n0: urls });
      const results = outputs["n0"]!.map(RuntimeData.asJson) as { pid: number; checks: number; failures: string[] }[];
      assert.equal(results.length, urls.length);
      for (const { pid, checks, failures } of results) {
        assert.equal(pid === process.pid, each === threads);
        assert.deepEqual(failures, []);
        assert.ok(checks > 10, `${checks} checks`);
      }
    }
  });

  it("drops what is queued at a flush, and ends where it should", async () => {
    // The first is at work until the flush lets go of it, and the others are behind it.
    const session = await runtime.open(row(["crash.at", { at: [0], how: "wait" }]));
    for (const data of audio(10)) await session.send(data);
    session.flush();
    await session.send(audio(100)[99]!);
    await session.finish();
    const numbers: number[] = [];
    for await (const { data } of session) numbers.push(RuntimeData.asAudio(data).samples[0] as number);
    assert.deepEqual(numbers, [99]);
  });

  it("runs a plugin that wishes for it, or loads native add-ons, and leaves nothing behind", async () => {
    const wishing = await createRuntime({ plugins: [plugin("wish"), plugin("native")] });
    const pids: number[] = [];
    for (const type of ["wish.pid", "native.pid"]) {
      const { outputs } = await wishing.execute(row([type]), { n0: RuntimeData.text("") });
      pids.push(RuntimeData.asJson(outputs["n0"]![0]!) as number);
    }
    assert.ok(!pids.includes(process.pid) && new Set(pids).size === 2);
    await wishing.close();
    assert.deepEqual(pids.filter(isAlive), []);
  });

  it("is where native add-ons are loaded, unless the application allows a thread", async () => {
    const inThread = { tier: "worker", plugin: plugin("native") } as const;
    const error = await rejection(createRuntime({ plugins: [inThread] }));
    assert.deepEqual([error.reason, error.pluginName], ["invalid-options", "native"]);
    assert.match(error.remedy ?? "", /allowNative/);
    await using allowed = await createRuntime({ plugins: [{ ...inThread, allowNative: true }, plugin("wish")] });
    const { outputs } = await allowed.execute(row(["native.pid"]), { n0: RuntimeData.text("") });
    assert.equal(RuntimeData.asJson(outputs["n0"]![0]!), process.pid);
  });
});
