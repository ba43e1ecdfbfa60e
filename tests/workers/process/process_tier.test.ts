import assert from "node:assert/strict";
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
  const logs: LogEntry[] = [];

  before(async () => {
    runtime = await createRuntime({
      plugins: [
        { tier: "process", plugin: plugin("crash") },
        { tier: "process", plugin: plugin("faults") },
        { tier: "process", plugin: plugin("child"), maxRssBytes: 600 * 1024 ** 2 },
      ],
      onLog: (entry) => void logs.push(entry),
      killGraceMs: 2_500,
    });
  });
  after(() => runtime.close());

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

  it("runs in another process, with nothing of the environment", async () => {
    const { outputs } = await runtime.execute(row(["child.env"]), { n0: RuntimeData.text("") });
    const { pid, env } = RuntimeData.asJson(outputs["n0"]![0]!) as { pid: number; env: string[] };
    assert.notEqual(pid, process.pid);
    assert.ok(!env.includes("PATH") && !env.includes("HOME"), env.join());
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
      const manifest = row(["audio.gain"], ["crash.at", { at: [7], how }], ["audio.gain"]);
      const options = { delivery: "at-least-once", restart: { maxRestarts: 3, initialDelayMs: 1 } } as const;
      const { outputs, metrics } = await runtime.execute(manifest, { n0: audio(20) }, options);
      const numbers = new Set(outputs["n2"]!.map((data) => RuntimeData.asAudio(data).samples[0]));
      assert.equal(numbers.size, 20);
      assert.equal(metrics.restarts, 1);
    });
  }

  it("kills an endless loop after its grace, and goes on with a new process", async () => {
    const session = await runtime.open(row(["fault.loop"]));
    await session.send(RuntimeData.text("x"));
    await session.cancel();
    const { outputs } = await runtime.execute(row(["fault.throw", { at: 5 }]), {
      n0: audio(2),
    });
    assert.equal(outputs["n0"]!.length, 2);
  });

  it("kills a process that takes too much memory, and says which plugin it was", async () => {
    const error = await rejection(runtime.execute(row(["child.hoard"]), { n0: RuntimeData.text("x") }));
    assert.equal(error.reason, "memory-exceeded");
    assert.equal(error.pluginName, "child");
    assert.equal(error.problems[0]?.path, "maxRssBytes");
    assert.match(error.message, /maxRssBytes/);
  });

  for (const how of ["garbage", "length", "port", "kind"] as const) {
    it(`kills a process that writes nonsense to the pipe: ${how}`, async () => {
      const error = await rejection(runtime.execute(row(["child.forge", { how }]), { n0: RuntimeData.text("x") }));
      assert.equal(error.reason, "protocol-violation", error.message);
      assert.equal(error.pluginName, "child");
    });
  }

  it("tells of a process that is killed from outside", async () => {
    const error = await rejection(runtime.execute(row(["child.kill"]), { n0: RuntimeData.text("x") }));
    assert.equal(error.reason, "worker-crashed");
    assert.match(error.message, /child process/);
  });

  it("drops what is queued at a flush, and ends where it should", async () => {
    const session = await runtime.open(row(["crash.at", { workMs: 5 }]));
    for (const data of audio(10)) await session.send(data);
    session.flush();
    await session.send(audio(100)[99]!);
    await session.finish();
    const numbers: number[] = [];
    for await (const { data } of session) numbers.push(RuntimeData.asAudio(data).samples[0] as number);
    assert.equal(numbers.at(-1), 99);
    assert.ok(numbers.length < 11);
  });

  it("runs a plugin that wishes for it, and leaves nothing behind", async () => {
    await using wishing = await createRuntime({ plugins: [plugin("wish")] });
    const { outputs } = await wishing.execute(row(["wish.pid"]), { n0: RuntimeData.text("") });
    const pid = RuntimeData.asJson(outputs["n0"]![0]!) as number;
    assert.notEqual(pid, process.pid);
    await wishing.close();
    assert.throws(() => process.kill(pid, 0));
  });
});
