/** A short run of the fuzz; `deno task fuzz` is the long one. */

import assert from "node:assert/strict";
import { it } from "node:test";
import { fuzzWire } from "./_fuzz.ts";

it("whatever the messages, the service answers each call once, and goes on", async () => {
  const counts = await fuzzWire({ seed: 1, messages: 1_000 });
  assert.ok(counts.messages >= 1_000);
  // Both sides of it were there: calls that went well, and calls that did not.
  assert.ok(counts.results > 0 && (counts.ends.get("error in the answer") ?? 0) > 0, JSON.stringify([...counts.ends]));
});
