import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StreamrackError } from "../../mod.ts";
import type { TaskCourse, TaskPool } from "../../workers/pool.ts";
import { PROTOCOL_VERSION, type WorkerTask } from "../../workers/protocol.ts";
import { RemoteTask } from "../../workers/remote_task.ts";

/** A pool with one thread, in this one: it says that it is ready, and closes its trunk. */
class ClosingPool implements TaskPool {
  readonly place = "worker thread";
  readonly threads = 1;
  readonly #task = Promise.withResolvers<unknown>();
  #isTerminated = false;

  get isTerminated(): boolean {
    return this.#isTerminated;
  }

  run({ trunk }: WorkerTask, _: unknown, { started, onThread }: TaskCourse) {
    onThread(7);
    trunk.postMessage({ notice: "ready", threadId: 7 });
    void started.then(() => trunk.close());
    return this.#task.promise;
  }

  /** The word that its thread has ended. */
  end(): void {
    this.#task.reject(new Error("it has ended"));
  }

  terminate(): Promise<void> {
    this.#isTerminated = true;
    this.end();
    return Promise.resolve();
  }

  whyEnded(): undefined {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function taskIn(pool: TaskPool, beats: () => number): Promise<StreamrackError> {
  const { result } = new RemoteTask({
    pool,
    task: { kind: "describe", protocolVersion: PROTOCOL_VERSION, pluginUrl: "file:///none.ts" },
    group: "test",
    beats,
    readResult: (value) => value,
  });
  return result.then(() => assert.fail("it has ended well"), (error) => error);
}

describe("a trunk that the worker closes", () => {
  it("is taken for the end of its thread where that does not turn any more, however late the word of it comes", async () => {
    const pool = new ClosingPool();
    setTimeout(() => pool.end(), 2_500);
    const error = await taskIn(pool, () => 5);
    assert.equal(error.reason, "worker-crashed");
    assert.equal(pool.isTerminated, false);
  });

  it("is a breach of the protocol where its thread goes on to turn", async () => {
    const pool = new ClosingPool();
    let beats = 5;
    const error = await taskIn(pool, () => beats++);
    assert.equal(error.reason, "protocol-violation");
    assert.equal(pool.isTerminated, true);
  });
});
