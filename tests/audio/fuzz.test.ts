import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FILE_FORMATS } from "../../audio/mod.ts";
import { fuzz } from "./_fuzz.ts";
import { fuzzFiles } from "./_fuzz_files.ts";

/** The long form is a task of its own: `deno task fuzz:audio`. */
const MUTATIONS = 96;

const files = await fuzzFiles();

describe("damaged files give a clear error, or the part that can be decoded", () => {
  for (const format of FILE_FORMATS) {
    it(`${format}: no hang, no crash, no foreign error, nothing on the console`, async () => {
      const others = FILE_FORMATS.filter((other) => other !== format).map((other) => files[other]);
      const report = await fuzz({
        seed: 20_261,
        mutations: MUTATIONS,
        file: files[format],
        format,
        others,
      });
      assert.deepEqual(report.failures, []);
      const count = Object.values(report.ends).reduce((sum, each) => sum + each, 0);
      assert.equal(count, MUTATIONS);
      // That files are damaged at all is seen by what becomes of them.
      assert.ok(Object.keys(report.ends).length >= 3, JSON.stringify(report.ends));
    });
  }
});
