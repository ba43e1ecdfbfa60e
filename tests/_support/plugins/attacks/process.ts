/** Attacks on the environment, on other programs, processes and threads. */

import { type Attack, settled } from "./target.ts";

/** As much as is tried of what threads of one process have together. */
interface Threads {
  readonly locks?: { request(name: string, options: object, use: (lock: unknown) => unknown): Promise<unknown> };
}

/** For how long an answer on a channel is waited for, in milliseconds. Where nobody hears, no event tells. */
const ANSWER_MS = 5_000;

/** Attacks on what is no file, by name. */
export const PROCESS_ATTACKS: { readonly [name: string]: Attack } = {
  "read the environment": {
    run: async () => {
      const { STREAMRACK_TEST_SECRET: found } = (await import("node:process")).env;
      if (found === undefined) throw new Error("it is not there");
      return found;
    },
  },
  "read the environment in a report": {
    run: async () => {
      const { report } = await import("node:process");
      return JSON.stringify(report.getReport());
    },
    only: ["node"],
  },
  "read the environment of the host in its file": {
    run: async ({ pid }) => (await import("node:fs")).readFileSync(`/proc/${pid}/environ`).length,
  },
  "open the memory of the process": {
    run: async () => {
      const { closeSync, openSync } = await import("node:fs");
      return closeSync(openSync("/proc/self/mem", "r+"));
    },
  },
  "learn what the machine is called": { run: async () => (await import("node:os")).hostname() },
  "spawn": {
    run: async () => {
      const { spawnSync } = await import("node:child_process");
      const { error } = spawnSync((await import("node:process")).execPath, ["--version"]);
      if (error) throw error;
      return "it ran";
    },
  },
  // It does no harm to a process that has not been stopped.
  "signal the host": { run: async ({ pid }) => (await import("node:process")).kill(pid, "SIGCONT") },
  "open the inspector of the host": {
    run: async ({ pid }) => {
      const { default: process } = await import("node:process");
      (process as unknown as { _debugProcess(pid: number): void })._debugProcess(pid);
    },
    only: ["node"],
  },
  "inspect the main thread": {
    run: async () => {
      const { Session } = await import("node:inspector");
      const session = new Session();
      session.connectToMainThread();
      session.disconnect();
    },
    only: ["node"],
  },
  "load a native add-on": {
    run: async ({ secret }) => {
      const { dlopen } = await import("node:process");
      try {
        return dlopen({ exports: {} } as unknown as NodeJS.Module, secret);
      } catch (error) {
        // Only a loader that has looked at the file says what is wrong with it.
        if (/invalid ELF|file too short|slice is not valid|not a valid/i.test(String(error))) return "it was opened";
        throw error;
      }
    },
  },
  "read in a thread of its own": {
    run: async ({ secret }) => {
      const { Worker } = await import("node:worker_threads");
      const code = `import("node:worker_threads").then(async ({ parentPort }) => {
      const fs = await import("node:fs");
      parentPort.postMessage(fs.readFileSync(${JSON.stringify(secret)}, "utf8"));
    });`;
      return await settled(new Worker(code, { eval: true, execArgv: [] }), "message");
    },
  },
  "read in a worker with all rights": {
    run: async ({ secret }) => {
      const code = `postMessage(Deno.readTextFileSync(${JSON.stringify(secret)}));`;
      const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, {
        type: "module",
        deno: { permissions: { read: true } },
      } as WorkerOptions);
      return await new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = (event) => {
          event.preventDefault();
          reject(new Error(event.message));
        };
      }).finally(() => worker.terminate());
    },
    only: ["deno"],
  },
  "talk on a channel of the application": {
    run: async () => {
      const channel = new BroadcastChannel("streamrack-test");
      try {
        return await new Promise((resolve, reject) => {
          channel.onmessage = ({ data }) => resolve(data);
          channel.postMessage("forged");
          setTimeout(() => reject(new Error("nobody answers")), ANSWER_MS);
        });
      } finally {
        channel.close();
      }
    },
  },
  "talk to a thread of the application": {
    run: async () => {
      const threads = await import("node:worker_threads");
      return await (threads as unknown as { postMessageToThread(id: number, value: string): Promise<void> })
        .postMessageToThread(0, "forged");
    },
    only: ["node"],
  },
  // The host has it: only another one can be had.
  "wait for a lock of the application": {
    run: async () => {
      const { locks } = navigator as Threads;
      const lock = await locks!.request("streamrack-test", { ifAvailable: true }, (got) => got !== null);
      if (lock) throw new Error("it is another one");
      return "it is the application's";
    },
    only: ["node", "deno"],
  },
};
