import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRuntime, type Manifest, RuntimeData, type Session, StreamrackError } from "../../mod.ts";
import { chain, collect, withRuntime } from "../_support/runtime.ts";

const text = RuntimeData.text("x");
const isNode = !("Bun" in globalThis) && !("Deno" in globalThis);

/** Runs a fault in the middle of a chain and gives the error that the session ends with. */
async function failureOf(open: () => Promise<Session>): Promise<StreamrackError> {
  try {
    const session = await open();
    const reading = collect(session);
    reading.catch(() => {});
    // Sends may be refused once the failure is known; the reader hears of it in any case.
    for (let i = 0; i < 5; i++) await session.send(text).catch(() => {});
    await session.finish();
    await reading;
  } catch (error) {
    if (StreamrackError.is(error)) return error;
    throw error;
  }
  throw new Error("the session did not fail");
}

/** Faults that end one session, and what its user is told. */
const FAULTS: Record<string, { manifest?: Manifest; reason: string; code: string; message: RegExp }> = {
  "throw": { reason: "node-failed", code: "aborted", message: /RangeError: this node throws/ },
  "throw-text": { reason: "node-failed", code: "aborted", message: /it threw "just text"/ },
  "throw-with-code": { reason: "node-failed", code: "aborted", message: /disk is full/ },
  "reject": { reason: "node-failed", code: "aborted", message: /this node rejects/ },
  "reject-late": { reason: "worker-crashed", code: "unavailable", message: /nobody catches this/ },
  "exit": { reason: "worker-crashed", code: "unavailable", message: /exited with code: 7/ },
  "throw-create": { reason: "node-create-failed", code: "failed-precondition", message: /no model/ },
  "exit-create": { reason: "worker-crashed", code: "unavailable", message: /exited with code: 3/ },
  "no-process": { reason: "node-create-failed", code: "failed-precondition", message: /process/ },
  "flush": { reason: "node-failed", code: "aborted", message: /flush failed/ },
  "dispose": { reason: "node-failed", code: "aborted", message: /dispose failed/ },
  "hang-dispose": { reason: "deadline-exceeded", code: "deadline-exceeded", message: /disposer/ },
  "wrong-output": { reason: "invalid-data", code: "invalid-argument", message: /type/ },
  "wrong-kind": { reason: "node-failed", code: "aborted", message: /audio/ },
  "uncloneable": { reason: "invalid-data", code: "invalid-argument", message: /handle/ },
};

describe("a faulty node", () => {
  for (const [fault, expected] of Object.entries(FAULTS)) {
    it(`${fault}: ends its session with ${expected.reason}, names node and plugin, and disturbs nobody`, () =>
      withRuntime(async (runtime) => {
        const bystander = await runtime.open(chain("util.passthrough"));
        const error = await failureOf(() =>
          runtime.open(chain("util.passthrough", `fault.${fault}`, "util.passthrough"))
        );
        assert.equal(error.reason, expected.reason, error.message);
        assert.equal(error.code, expected.code);
        assert.match(error.message, expected.message);
        assert.equal(error.nodeId, "n1", error.message);
        assert.equal(error.pluginName, "faults");
        // The other group goes on, and the faulty group serves the next session.
        await bystander.send(text);
        await bystander.finish();
        assert.equal((await collect(bystander)).length, 1);
        const { outputs } = await runtime.execute(chain(["fault.throw", { at: 1 }]), { n0: text });
        assert.equal(outputs["n0"]?.length, 1);
      }));
  }

  it("throw-with-code: the cause keeps name, code and its own cause", () =>
    withRuntime(async (runtime) => {
      const { cause } = await failureOf(() => runtime.open(chain("fault.throw-with-code")));
      assert.ok(cause instanceof Error);
      assert.equal((cause as Error & { code?: string }).code, "ENOSPC");
      assert.equal((cause.cause as Error).name, "TypeError");
      assert.match(cause.stack ?? "", /faults/);
    }));

  it("reuse: a value that was given away and is used again is a clear error, or was never moved", () =>
    withRuntime(async (runtime) => {
      const audio = RuntimeData.audio({ samples: new Float32Array(48_000), sampleRate: 48_000 });
      await assert.rejects(runtime.execute(chain("fault.reuse"), { n0: audio }), {
        reason: "detached-data",
        nodeId: "n0",
      });
    }));

  for (const fault of ["loop", "hang", "loop-create", "hang-create"]) {
    it(`${fault}: is ended by force, and the next session runs`, () =>
      withRuntime(async (runtime) => {
        const bystander = await runtime.open(chain("util.passthrough"));
        if (fault.endsWith("create")) {
          await assert.rejects(runtime.open(chain(`fault.${fault}`)), { reason: "deadline-exceeded" });
        } else {
          const session = await runtime.open(chain(`fault.${fault}`));
          const reading = collect(session);
          await session.send(text);
          await session.cancel("waited long enough");
          await assert.rejects(reading, { reason: "session-cancelled" });
        }
        await bystander.send(text);
        await bystander.finish();
        assert.equal((await collect(bystander)).length, 1);
        const { outputs } = await runtime.execute(chain("probe.count"), { n0: text });
        assert.equal(outputs["n0"]?.length, 1);
        const again = await runtime.execute(chain(["fault.throw", { at: 1 }]), { n0: text });
        assert.equal(again.outputs["n0"]?.length, 1);
      }, { killGraceMs: 200, ...(fault.endsWith("create") ? { openTimeoutMs: 6_000 } : {}) }));
  }

  it(
    "memory: a limit that the runtime would ignore is refused",
    { skip: isNode ? "Node keeps the limit" : false },
    () => assert.rejects(createRuntime({ maxHeapMb: 64 }), { reason: "unsupported-runtime", code: "unimplemented" }),
  );

  it(
    "memory: a runaway heap ends the worker, not the host, where the runtime has a limit",
    { skip: isNode ? false : "this runtime refuses the limit" },
    () =>
      withRuntime(async (runtime) => {
        const error = await failureOf(() => runtime.open(chain("fault.memory")));
        assert.equal(error.reason, "worker-crashed");
        const { outputs } = await runtime.execute(chain("util.passthrough"), { n0: text });
        assert.equal(outputs["n0"]?.length, 1);
      }, { maxHeapMb: 64 }),
  );
});
