/** Collects every file that the embedding program needs, as a bundler of servers does, into a folder of its own. */

import { nodeFileTrace } from "@vercel/nft";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const [target] = process.argv.slice(2);
// A plugin that is named by a string is an entry of its own: no bundler can see it.
const plugin = fileURLToPath(import.meta.resolve("streamrack-plugin-morse"));
const { fileList } = await nodeFileTrace(["embed.mjs", plugin]);
for (const file of fileList) await cp(file, join(target, file), { dereference: true });
console.log(fileList.size);
