/** Starts a child process for a task that cannot be sent to it, closes nothing, and should end all the same. */

import { UnsentTask } from "../../../workers/pool.ts";
import { ProcessPool } from "../../../workers/process/process_pool.ts";
import { PROTOCOL_VERSION } from "../../../workers/protocol.ts";

const pool = new ProcessPool({ pluginUrl: "" });
const { port1, port2 } = new MessageChannel();
port1.onmessage = () => {};
const task = { kind: "describe", protocolVersion: PROTOCOL_VERSION, pluginUrl: "", trunk: port2, extra: () => {} };
try {
  await pool.run(task as never, [port2], { started: Promise.resolve(), givenUp: new Promise(() => {}), onThread() {} });
} catch (thrown) {
  console.log(thrown instanceof UnsentTask ? thrown.error.reason : thrown);
}
port1.close();
