/**
 * A worker's entry whose segments do all that they are to do, say so, and then
 * do not end.
 *
 * @module
 */

import handle from "../../workers/entry.ts";
import type { WorkerTask } from "../../workers/protocol.ts";

export default async function handleAndStay(task: WorkerTask): Promise<unknown> {
  const result = await handle(task);
  return task.kind === "segment" ? await new Promise(() => {}) : result;
}
