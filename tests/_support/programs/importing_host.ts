/** Runs a plugin that imports a package that nobody has, in the tier of the argument. Deno only. */

import process from "node:process";
import { createRuntime, RuntimeData } from "../../../mod.ts";
import { chain, testPlugin } from "../runtime.ts";

const tier = process.argv[2] as "worker" | "process";
// The variable names the registry, which a process would not know without.
const grants = { env: ["NPM_CONFIG_REGISTRY"] };
await using runtime = await createRuntime({ plugins: [{ plugin: testPlugin("attacks"), tier, grants }] });
const { outputs } = await runtime.execute(chain("attacks.import"), { n0: RuntimeData.text("npm:streamrack-secret@1") });
console.log(RuntimeData.asText(outputs["n0"]![0]!));
