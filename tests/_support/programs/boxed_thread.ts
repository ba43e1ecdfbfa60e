/** Tries to box a plugin in a thread, and says how that ended. */

import { createRuntime, StreamrackError } from "../../../mod.ts";

try {
  const plugin = new URL("../plugins/needy.ts", import.meta.url);
  const grants = { read: ["./models", "./data/words"], net: ["api.example.com:443"] };
  await using _runtime = await createRuntime({ plugins: [{ plugin, grants }] });
  console.log("held");
} catch (thrown) {
  const { reason, message } = StreamrackError.from(thrown);
  console.log(reason, message);
}
