import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createRuntime, type Runtime, RuntimeData, StreamrackError } from "../../mod.ts";
import { runProcess } from "../../scripts/lib/run_process.ts";
import { runtimeInfo } from "../../workers/adapters/runtime_info.ts";
import { NODE_SINCE } from "../../workers/box/gaps.ts";
import { rejectionOf } from "../_support/errors.ts";
import { chain, testPlugin } from "../_support/runtime.ts";

const { name: RUNTIME, version: VERSION, limitsWorkerHeap } = runtimeInfo();
const ENFORCES = RUNTIME === "deno" || (RUNTIME === "node" && Number.parseInt(VERSION) >= NODE_SINCE);

// What a plugin may harm is the same whatever it was granted.
describe("a plugin that means harm", () => {
  for (const tier of ["worker", "process"] as const) {
    for (const how of ["held", "free"] as const) {
      const describeContained = how === "free" || ENFORCES ? describe : describe.skip;
      describeContained(`in the tier ${tier} that is ${how}`, () => {
        let runtime: Runtime;
        before(async () => {
          runtime = await createRuntime({
            plugins: [
              { plugin: testPlugin("attacks"), tier, grants: how === "held" ? {} : true },
              testPlugin("faults"),
            ],
            killGraceMs: 1_500,
          });
        });
        after(() => runtime.close());

        it("ends its own thread or process alone by process.exit", async () => {
          const bystander = await runtime.open(chain("fault.events"));
          const error = await rejectionOf(runtime.execute(chain("attacks.exit"), { n0: RuntimeData.text("go") }));
          assert.equal(error.reason, "worker-crashed", error.message);
          assert.equal(error.pluginName, "attacks");
          await bystander.send(RuntimeData.text("x"));
          for await (const _ of bystander) break;
        });

        it("takes no time from another plugin for longer than is allowed, by a loop that never ends", async () => {
          const session = await runtime.open(chain("attacks.loop"));
          await session.send(RuntimeData.text("go"));
          const { outputs } = await runtime.execute(chain(["fault.throw", { at: 5 }]), { n0: RuntimeData.text("x") });
          assert.equal(outputs["n0"]!.length, 1);
          await session.cancel();
        });

        it("changes nothing in another plugin, whose globals are its own", async () => {
          await runtime.execute(chain("attacks.patch"), { n0: RuntimeData.text("go") });
          const { outputs } = await runtime.execute(chain(["fault.throw", { at: 5 }]), { n0: RuntimeData.text("x") });
          assert.equal(outputs["n0"]!.length, 1);
          assert.equal(({} as { polluted?: unknown }).polluted, undefined);
        });
      });
    }

    for (const how of ENFORCES ? ["held", "free"] : ["free"]) {
      const isOpen = tier === "worker" && RUNTIME === "deno";
      const what = isOpen ? "ends the host" : tier === "process" ? "ends its own process alone" : "ends nothing";
      it(`${what} by process.abort in the tier ${tier} (${how})`, async () => {
        const { ok, ending, stdout, output } = await runProcess({
          command: process.execPath,
          args: [
            ...(RUNTIME === "deno" ? ["run", "-A"] : []),
            fileURLToPath(new URL("../_support/programs/aborting_host.ts", import.meta.url)),
            ...[tier, how],
          ],
          deadlineMs: 60_000,
        });
        // docs/security.md says so: nothing on Deno stops a thread from this.
        if (isOpen) return assert.ok(!ok && !stdout.includes("goes on"), `${ending}\n${output}`);
        assert.ok(ok, `${ending}\n${output}`);
        assert.deepEqual(stdout.trim().split("\n"), [
          tier === "process" ? "worker-crashed" : "stopped",
          "the host goes on",
        ]);
      });
    }

    it(`takes memory in the tier ${tier}: what is counted ends it alone`, async () => {
      const limitsHeap = tier === "worker" && limitsWorkerHeap;
      await using runtime = await createRuntime({
        plugins: [
          { plugin: testPlugin("attacks"), tier, maxRssBytes: tier === "process" ? 400 * 1024 ** 2 : undefined },
          testPlugin("faults"),
        ],
        maxHeapMb: limitsHeap ? 64 : undefined,
      });
      const take = async (what: string, mebibytes: number) => {
        const manifest = chain(["attacks.hoard", { what, mebibytes }]);
        return await runtime.execute(manifest, { n0: RuntimeData.text("go") }).then(
          () => "taken",
          (error) => StreamrackError.is(error) ? error.reason : String(error),
        );
      };
      // Threads: no runtime counts buffers, and only Node the heap. docs/security.md says so.
      const mebibytes = tier === "process" ? 4_096 : 128;
      assert.equal(
        await take("heap", mebibytes),
        tier === "process" ? "memory-exceeded" : limitsHeap ? "worker-crashed" : "taken",
      );
      assert.equal(await take("buffers", mebibytes), tier === "process" ? "memory-exceeded" : "taken");
      const { outputs } = await runtime.execute(chain(["fault.throw", { at: 5 }]), { n0: RuntimeData.text("x") });
      assert.equal(outputs["n0"]!.length, 1);
    });
  }
});
