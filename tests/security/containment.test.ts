import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createRuntime, type Runtime, RuntimeData, StreamrackError } from "../../mod.ts";
import { runProcess } from "../../scripts/lib/run_process.ts";
import { runtimeInfo } from "../../workers/adapters/runtime_info.ts";
import { describeHeld, ENFORCES } from "../_support/enforces.ts";
import { rejectionOf } from "../_support/errors.ts";
import { chain, testPlugin } from "../_support/runtime.ts";

const { name: RUNTIME, limitsWorkerHeap } = runtimeInfo();

// What a plugin may harm is the same whatever it was granted.
describe("a plugin that means harm", () => {
  for (const tier of ["worker", "process"] as const) {
    for (const how of ["held", "free"] as const) {
      const describeContained = how === "free" ? describe : describeHeld;
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
      /** What a program says whose plugin does harm, and whether it came to its end. */
      const harm = async (...args: string[]) => {
        const [type, ...rest] = args;
        const { ok, ending, stdout, output } = await runProcess({
          command: process.execPath,
          args: [
            ...(RUNTIME === "deno" ? ["run", "-A"] : []),
            fileURLToPath(new URL("../_support/programs/harmed_host.ts", import.meta.url)),
            ...[type!, tier, how, ...rest],
          ],
          deadlineMs: 60_000,
        });
        return { ok, said: stdout.trim().split("\n"), all: `${ending}\n${output}` };
      };
      const isThread = tier === "worker";

      const aborts = isThread && RUNTIME === "deno";
      const aborting = aborts ? "ends the host" : isThread ? "ends nothing" : "ends its own process alone";
      it(`${aborting} by process.abort in the tier ${tier} (${how})`, async () => {
        const { ok, said, all } = await harm("attacks.abort");
        // docs/security.md says so: nothing on Deno stops a thread from this.
        if (aborts) return assert.ok(!ok && !said.includes("the host goes on"), all);
        assert.ok(ok, all);
        assert.deepEqual(said, [isThread ? "stopped" : "worker-crashed", "the host goes on"]);
      });

      // docs/security.md says so: threads of Node and Bun have the files of the process, and Node does not survive it.
      const closes = isThread && RUNTIME !== "deno";
      it(`${closes ? "closes files of the host" : "closes none of the host"} in the tier ${tier} (${how})`, async () => {
        const { ok, said, all } = await harm("attacks.close");
        if (closes && RUNTIME === "node") return assert.ok(!ok && !said.includes("the host goes on"), all);
        assert.ok(ok, all);
        const expected = closes
          ? /^closed/
          : RUNTIME === "deno"
          ? /^stopped$/
          : /^(worker-crashed|protocol-violation)$/;
        assert.match(said[0]!, expected, all);
        assert.equal(said.at(-1), "the host goes on");
      });

      const takes = isThread && RUNTIME === "deno";
      const taking = takes ? "keeps SIGTERM from the host" : "keeps no SIGTERM from the host";
      it(`${taking} in the tier ${tier} (${how})`, async () => {
        const { ok, said, all } = await harm("attacks.signal", "SIGTERM");
        assert.equal(said[0], "listening", all);
        assert.deepEqual([ok, said.includes("the host goes on")], [takes, takes], all);
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
        // What is to be ended waits for that.
        const manifest = chain(["attacks.hoard", { what, mebibytes, keeps: tier === "process" }]);
        return await runtime.execute(manifest, { n0: RuntimeData.text("go") }).then(
          () => "taken",
          (error) => StreamrackError.is(error) ? error.reason : String(error),
        );
      };
      // Threads: no runtime counts buffers, and only Node the heap. docs/security.md says so.
      const mebibytes = tier === "process" ? 512 : 128;
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
