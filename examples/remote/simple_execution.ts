/** Runs the calculator on a service, once for each of its operations. */

import { type Manifest, RuntimeData } from "@streamrack/core";
import { ErrorType, RemotePipelineClient, RemotePipelineError } from "@streamrack/core/remote";
import { readFile } from "node:fs/promises";
import process from "node:process";

const [address = "127.0.0.1:50051"] = process.argv.slice(2);
const { STREAMRACK_TOKEN: token, STREAMRACK_CA: roots } = process.env;
const tls = roots !== undefined && { ca: await readFile(roots) };
const client = new RemotePipelineClient(address, { token, tls });

try {
  const version = await client.connect();
  console.log(`service ${version.runtimeVersion}, protocol ${version.protocolVersion}`);
  console.log(`${version.supportedNodeTypes.length} node types`);

  const manifest: Manifest = { version: "v1", nodes: [{ id: "calc", node_type: "CalculatorNode" }] };
  const calculations = [["add", 10, 5], ["subtract", 10, 3], ["multiply", 10, 3], ["divide", 10, 2]] as const;
  for (const [operation, a, b] of calculations) {
    const { outputs, metrics } = await client.executePipeline(manifest, {
      calc: RuntimeData.json({ operation, operands: [a, b] }),
    });
    const { result } = RuntimeData.asJson(outputs["calc"] as RuntimeData) as { result: number };
    console.log(`${a} ${operation} ${b} = ${result} (${metrics.wallTimeMs.toFixed(2)} ms)`);
  }

  // What goes wrong is told with the node and the kind of error.
  try {
    await client.executePipeline(manifest, { calc: RuntimeData.json({ operation: "divide", operands: [1, 0] }) });
  } catch (error) {
    if (!(error instanceof RemotePipelineError) || error.errorType !== ErrorType.nodeExecution) throw error;
    console.log(`node "${error.nodeId}" refused to divide by zero`);
  }
} finally {
  await client.disconnect();
}
