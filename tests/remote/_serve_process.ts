/** `streamrack serve` as a process of any runtime. */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { DENO_ENV, runtimePath } from "../../scripts/toolchain.ts";

const ENTRY = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

/** A service in a process of its own. */
export interface ServeProcess {
  readonly child: ChildProcess;
  readonly address: string;
  /** What it said on stderr until now. */
  readonly said: () => string;
  readonly exited: Promise<number | null>;
  /** Asks it to stop, and gives its exit code. */
  stop(): Promise<number | null>;
}

/** Starts it; resolves when it listens. */
export async function startServe(
  runtime: "deno" | "bun" | "node",
  args: readonly string[] = [],
): Promise<ServeProcess> {
  if (process.versions["deno"] !== undefined) process.env[DENO_ENV] ??= process.execPath;
  const command = await runtimePath(runtime);
  const flags = runtime === "deno" ? ["run", "-A", "--no-check"] : [];
  const child = spawn(command, [...flags, ENTRY, "serve", "-l", "127.0.0.1:0", ...args], {
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const address = await new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      const listening = /listening on (\S+:\d+)/.exec(stderr)?.[1];
      const port = /"event":"listening","host":"127.0.0.1","port":(\d+)/.exec(stderr)?.[1];
      if (listening !== undefined) resolve(listening);
      else if (port !== undefined) resolve(`127.0.0.1:${port}`);
    });
    void exited.then((code) => reject(new Error(`it ended with ${code}:\n${stderr}`)));
  });
  const stop = () => {
    // Not child.kill(): on Deno the child then counts as killed by the signal, whatever code it exits with.
    process.kill(child.pid as number, "SIGTERM");
    return exited;
  };
  return { child, address, said: () => stderr, exited, stop };
}
