import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findGap } from "../../workers/box/gaps.ts";

const TIERS = ["worker", "process"] as const;

describe("what a runtime cannot hold", () => {
  for (const tier of TIERS) {
    it(`is everything on Bun and on Node before 25, which is named with its version (${tier})`, () => {
      const runtimes = [["bun", "1.4.5"], ["node", "20.20.2"], ["node", "22.18.0"], ["node", "24.21.0"]] as const;
      for (const [name, version] of runtimes) {
        const gap = findGap(tier, {}, { name, version });
        assert.equal(gap?.isOpen, true, version);
        assert.match(gap!.detail, new RegExp(`^${name} ${version} cannot keep a (thread|child process) from`));
        assert.match(gap!.remedy, name === "bun" ? /Deno or Node/ : /Node 25 or later, or on Deno/);
      }
    });

    it(`is a list of hosts, programs or add-ons on Node, and nothing else (${tier})`, () => {
      for (const version of ["25.0.0", "26.10.0"]) {
        const held = { read: ["/a"], write: ["/b"], env: ["C"], net: true, run: [], ffi: true } as const;
        assert.equal(findGap(tier, held, { name: "node", version }), undefined);
        const lists = { ...held, net: ["a"], run: ["b"], ffi: ["c"] };
        const gap = findGap(tier, lists, { name: "node", version });
        assert.deepEqual([gap?.isOpen, gap?.wholeOnly], [false, ["net", "run", "ffi"]]);
      }
    });
  }

  it("is nothing in a process of Deno", () => {
    assert.equal(findGap("process", { net: ["a"], run: ["b"] }, { name: "deno", version: "2.9.6" }), undefined);
  });
});
