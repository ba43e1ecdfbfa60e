/** Uses a runtime and forgets about it: the process must end by itself all the same. */

import { createRuntime, RuntimeData } from "../../../mod.ts";

const runtime = await createRuntime();
const manifest = { version: "v1", nodes: [{ id: "a", node_type: "util.passthrough" }] } as const;
const { outputs } = await runtime.execute(manifest, { a: RuntimeData.text("done") });
const session = await runtime.open(manifest);
await session.finish();
for await (const _ of session);
if (process.argv[2] === "close") await runtime.close();
console.log(outputs["a"]?.map(RuntimeData.asText).join());
