import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { BENCH_RUNTIMES, type BenchRuntime } from "../../bench/harness/case.ts";
import { readRuntimes } from "../../bench/harness/options.ts";
import { parseReport, reportWarnings, serializeReport } from "../../bench/harness/report.ts";
import { runBench } from "../../bench/harness/run.ts";
import { ROOT } from "../../scripts/lib/files.ts";
import { runProcess } from "../../scripts/lib/run_process.ts";
import { runtimePath } from "../../scripts/toolchain.ts";
import { observed, reportOf } from "./_reports.ts";

const here: BenchRuntime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
const skipOutsideDeno = here === "deno" ? false : "the same on every runtime: run under Deno";
const DEADLINE_MS = 60_000;

describe("runBench", () => {
  it("observes in processes of this runtime, and goes on after a contender that cannot", async () => {
    const params = { samplesPerChunk: 480, window: 2 };
    const plan = (contender: string, round: number) => ({
      runtime: here,
      caseId: "throughput",
      contender,
      params,
      round,
    });
    const seen: string[] = [];
    const report = await runBench([plan("nobody", 0), plan("main", 0), plan("nobody", 1)], {
      mode: "quick",
      onProgress: (done, total, { contender }) => seen.push(`${done}/${total} ${contender}`),
    });
    const [first, second, ...rest] = report.observations;
    assert.ok(first?.ok === false && first.contender === "nobody" && /nobody/.test(first.error), JSON.stringify(first));
    assert.ok(second?.ok === true && (second.metrics["chunksPerSecond"] ?? 0) > 0, JSON.stringify(second));
    assert.ok(second.timer !== undefined && second.timer.resolutionUs > 0);
    assert.deepEqual(rest, [], "what failed is not tried again");
    assert.deepEqual(seen, ["0/3 nobody", "1/3 main"]);
    assert.match(report.runtimes[here] ?? "", /^\d+\.\d+\.\d+$/);
    assert.match(report.packages["tinybench"] ?? "", /^\d+\.\d+\.\d+$/);
    assert.ok(report.machine.processors > 0);
  });
});

describe("a run that is ended", () => {
  it("keeps what it has observed, gives up what is under way, and says what is missing", async () => {
    const interruption = new AbortController();
    const place = {
      runtime: here,
      caseId: "throughput",
      contender: "main",
      params: { samplesPerChunk: 480, window: 2 },
    };
    const report = await runBench([0, 1, 2].map((round) => ({ ...place, round })), {
      mode: "full",
      signal: interruption.signal,
      onProgress: (done) => {
        // While the second one is being made.
        if (done === 1) setImmediate(() => interruption.abort());
      },
    });
    assert.deepEqual(report.observations.map(({ round, ok }) => ({ round, ok })), [{ round: 0, ok: true }]);
    assert.equal(report.leftOut, 2);
    assert.deepEqual(reportWarnings({ ...report, machine: { ...report.machine, loadBefore: null } }), [
      "The run was cut short: 2 of 3 observations are missing.",
    ]);
  });

  it("shows what it has after the first Ctrl-C", { skip: skipOutsideDeno }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "streamrack-bench-"));
    try {
      const json = join(folder, "report.json");
      const args = ["run", "-A", "--no-check", "bench/main.ts", "throughput", "--contender", "main", "--json", json];
      const child = spawn(await runtimePath("deno"), args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
      let said = "";
      let isInterrupted = false;
      child.stdout.resume();
      child.stderr.on("data", (part: Uint8Array) => {
        said += new TextDecoder().decode(part);
        // Only once: the second one would end it at once.
        if (isInterrupted || !said.includes("[2/")) return;
        isInterrupted = true;
        // Not child.kill(): on Deno the child then counts as killed by the signal, whatever code it exits with.
        process.kill(child.pid as number, "SIGINT");
      });
      const code = await new Promise((resolve) => child.once("close", resolve));
      assert.equal(code, 130, said);
      assert.match(said, /interrupted/);
      const { observations, leftOut = 0 } = parseReport(await readFile(json, "utf8"));
      assert.ok(observations.length >= 1 && leftOut >= 1, said);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe("readRuntimes", () => {
  it("takes one, or all, and nothing else", () => {
    assert.deepEqual(readRuntimes("bun"), ["bun"]);
    assert.deepEqual(readRuntimes("all"), BENCH_RUNTIMES);
    assert.throws(() => readRuntimes("quickjs"), /expected deno, bun, node or all/);
  });
});

describe("the commands", () => {
  const skip = skipOutsideDeno;
  let folder = "";
  before(async () => void (folder = await mkdtemp(join(tmpdir(), "streamrack-bench-"))));
  after(() => rm(folder, { recursive: true, force: true }));

  const run = async (...args: string[]) => {
    const command = await runtimePath("deno");
    return await runProcess({
      command,
      args: ["run", "-A", "--no-check", ...args],
      cwd: ROOT,
      deadlineMs: DEADLINE_MS,
    });
  };

  it("explain themselves, and refuse what they do not know", { skip }, async () => {
    for (const script of ["bench/main.ts", "bench/check.ts"]) {
      const help = await run(script, "--help");
      assert.ok(help.ok && /usage: deno task bench/.test(help.stdout), help.output);
      const wrong = await run(script, "nonsense");
      assert.equal(wrong.ending, "exit code 2");
      assert.match(wrong.output, /no such (case|ratio): nonsense; there are/);
    }
    assert.match((await run("bench/main.ts", "--contender", "nobody")).output, /no such contender: nobody/);
  });

  it("show a report again: as text, JSON and a page, compared with an older one", { skip }, async () => {
    const at = (name: string) => join(folder, name);
    const report = (rate: number) => serializeReport(reportOf([observed("streamrack", 0, { chunksPerSecond: rate })]));
    await writeFile(at("old.json"), report(100));
    await writeFile(at("new.json"), report(300));
    const outputs = ["--json", at("again.json"), "--html", at("deep/page.html")];
    const shown = await run("bench/main.ts", "--from", at("new.json"), "--compare", at("old.json"), ...outputs);
    assert.ok(shown.ok, shown.output);
    assert.match(shown.stdout, /better {2}node throughput streamrack window=16 {2}chunks\/s: 100 → 300 \(×3\)/);
    assert.equal(await readFile(at("again.json"), "utf8"), report(300));
    assert.match(await readFile(at("deep/page.html"), "utf8"), /^<!doctype html>/);
  });

  it("name a report that cannot be read", { skip }, async () => {
    await writeFile(join(folder, "odd.json"), "{}");
    const odd = await run("bench/main.ts", "--compare", join(folder, "odd.json"));
    assert.equal(odd.ending, "exit code 1");
    assert.match(odd.output, /odd\.json: no benchmark report of version 1/);
  });
});
