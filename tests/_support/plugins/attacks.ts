/** A plugin that tries to get out of its box; what it gets hold of, it sends out. */

import * as v from "valibot";
import { defineNode, definePlugin, RuntimeData } from "../../../core/plugin.ts";

/** Runs a piece of code that was only made at run time, as `eval` would. */
const evaluated = (code: string): Promise<unknown> => (0, eval)(`(async () => { ${code} })()`);

const settled = (emitter: {
  on(event: string, listener: (value: unknown) => void): unknown;
}, event: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    emitter.on(event, () => resolve(event));
    emitter.on("error", reject);
  });

/** As much of Deno's own interface as is tried. */
const deno = () =>
  (globalThis as unknown as {
    readonly Deno: {
      readTextFileSync(path: string): string;
      readonly permissions: { requestSync(wanted: object): { readonly state: string } };
    };
  }).Deno;

/** Each gives something if it succeeds, and throws if it is stopped. */
const ATTACKS: { readonly [name: string]: (secret: string, port: number, fd: number, pid: number) => unknown } = {
  "read a file": async (secret) => (await import("node:fs")).readFileSync(secret, "utf8"),
  "read a file without waiting": async (secret) => await (await import("node:fs/promises")).readFile(secret, "utf8"),
  "read the current folder": async () => (await import("node:fs")).readdirSync((await import("node:process")).cwd()),
  "read by eval": (secret) =>
    evaluated(`return (await import("node:fs")).readFileSync(${JSON.stringify(secret)}, "utf8")`),
  "import a file": async (secret) => (await import(`${secret}.mjs`)).default,
  "read by a link": async (secret) => {
    const fs = await import("node:fs");
    const link = new URL(`./link-${Date.now()}`, import.meta.url);
    fs.symlinkSync(secret, link);
    try {
      return fs.readFileSync(link, "utf8");
    } finally {
      fs.rmSync(link);
    }
  },
  "read a file that the host has open": async (_secret, _port, fd) => {
    const bytes = new Uint8Array(10);
    // From a place, which a pipe does not have: what else has this number cannot keep it waiting.
    const { readSync } = await import("node:fs");
    const text = new TextDecoder().decode(bytes.subarray(0, readSync(fd, bytes, 0, 10, 0)));
    if (text !== "the secret") throw new Error(`it is another file: ${text}`);
    return text;
  },
  "write a file": async (secret) => (await import("node:fs")).writeFileSync(`${secret}.new`, "x"),
  "write a database": async (secret) => {
    const { DatabaseSync } = await import("node:sqlite");
    return new DatabaseSync(`${secret}.db`).exec("create table if not exists t (x)");
  },
  "read the environment": async () => {
    const { STREAMRACK_TEST_SECRET: found } = (await import("node:process")).env;
    if (found === undefined) throw new Error("it is not there");
    return found;
  },
  "read the environment in a report": async () => {
    const { report } = await import("node:process");
    return JSON.stringify(report.getReport());
  },
  "connect out": async (_secret, port) =>
    await settled((await import("node:net")).connect(port, "127.0.0.1"), "connect"),
  "fetch": async (_secret, port) => (await fetch(`http://127.0.0.1:${port}/`)).status,
  "send a datagram": async () => {
    const socket = (await import("node:dgram")).createSocket("udp4");
    try {
      return await new Promise((resolve, reject) => {
        socket.on("error", reject);
        socket.send("x", 9, "127.0.0.1", (error) => error ? reject(error) : resolve("sent"));
      });
    } finally {
      socket.close();
    }
  },
  "listen": async () => {
    const server = (await import("node:net")).createServer();
    const listening = settled(server, "listening");
    server.listen(0, "127.0.0.1");
    return await listening.finally(() => server.close());
  },
  "spawn": async () => {
    const { spawnSync } = await import("node:child_process");
    const { error } = spawnSync((await import("node:process")).execPath, ["--version"]);
    if (error) throw error;
    return "it ran";
  },
  // It does no harm to a process that has not been stopped.
  "signal the host": async (_secret, _port, _fd, pid) => (await import("node:process")).kill(pid, "SIGCONT"),
  "load a native add-on": async (secret) => {
    const { dlopen } = await import("node:process");
    try {
      return dlopen({ exports: {} } as unknown as NodeJS.Module, secret);
    } catch (error) {
      // Only a loader that has looked at the file says what is wrong with it.
      if (/invalid ELF|file too short|slice is not valid|not a valid/i.test(String(error))) return "it was opened";
      throw error;
    }
  },
  "read in a thread of its own": async (secret) => {
    const { Worker } = await import("node:worker_threads");
    const code = `import("node:worker_threads").then(async ({ parentPort }) => {
      const fs = await import("node:fs");
      parentPort.postMessage(fs.readFileSync(${JSON.stringify(secret)}, "utf8"));
    });`;
    return await settled(new Worker(code, { eval: true, execArgv: [] }), "message");
  },
  "import by the network": async (_secret, port) => (await import(`http://127.0.0.1:${port}/module.js`)).default,
  "read by Deno": (secret) => deno().readTextFileSync(secret),
  "read in a worker with all rights": async (secret) => {
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
  "ask for permission": (secret) => {
    const { state } = deno().permissions.requestSync({ name: "read", path: secret });
    if (state !== "granted") throw new Error(`it is ${state}`);
    return state;
  },
  "patch the check": async (secret) => {
    const process = await import("node:process");
    Object.defineProperty(process.default, "permission", { value: { has: () => true } });
    return (await import("node:fs")).readFileSync(secret, "utf8");
  },
};

/** What only one runtime has. */
const ONLY: { readonly [name: string]: string } = {
  "read the environment in a report": "node",
  "patch the check": "node",
  "import by the network": "deno",
  "read by Deno": "deno",
  "read in a worker with all rights": "deno",
  "ask for permission": "deno",
};

/** The names of the attacks that can be tried on a runtime. */
export function attackNames(runtime: string): string[] {
  return Object.keys(ATTACKS).filter((name) => (ONLY[name] ?? runtime) === runtime);
}

export default definePlugin({
  name: "attacks",
  version: "1.0.0",
  apiVersion: 1,
  nodes: [
    defineNode({
      type: "attacks.try",
      summary: "Tries an attack, and tells what came of it.",
      params: v.object({ attack: v.string(), secret: v.string(), port: v.number(), fd: v.number(), pid: v.number() }),
      inputs: { in: ["any"] },
      outputs: { out: ["json"] },
      create: ({ params: { attack, secret, port, fd, pid } }) => ({
        async *process() {
          try {
            const got = await ATTACKS[attack]!(secret, port, fd, pid);
            yield RuntimeData.json({ stopped: false, what: String(got).slice(0, 200) });
          } catch (error) {
            yield RuntimeData.json({ stopped: true, what: String(error).slice(0, 200) });
          }
        },
      }),
    }),
    defineNode({
      type: "attacks.exit",
      summary: "Ends its process.",
      params: v.object({}),
      inputs: { in: ["any"] },
      outputs: { out: ["json"] },
      create: () => ({
        async process() {
          (await import("node:process")).exit(7);
        },
      }),
    }),
    defineNode({
      type: "attacks.abort",
      summary: "Aborts its process, which may be the host's.",
      params: v.object({}),
      inputs: { in: ["any"] },
      outputs: { out: ["text"] },
      create: () => ({
        async process() {
          try {
            return (await import("node:process")).abort();
          } catch {
            return RuntimeData.text("stopped");
          }
        },
      }),
    }),
    defineNode({
      type: "attacks.patch",
      summary: "Changes what others lean on.",
      params: v.object({}),
      inputs: { in: ["any"] },
      outputs: { out: ["json"] },
      create: () => ({
        process() {
          Object.assign(Object.prototype, { polluted: true });
          globalThis.fetch = () => Promise.reject(new Error("patched"));
          return [];
        },
      }),
    }),
    defineNode({
      type: "attacks.hoard",
      summary: "Takes memory, a part at a time, and gives it back if nobody ends it.",
      params: v.object({ what: v.picklist(["heap", "buffers"]), mebibytes: v.number() }),
      inputs: { in: ["any"] },
      outputs: { out: ["text"] },
      create: ({ params: { what, mebibytes } }) => ({
        async process() {
          const hoard: unknown[] = [];
          for (let taken = 0; taken < mebibytes; taken += 16) {
            // Of eight bytes each: numbers with a fraction are not packed into less.
            if (what === "heap") hoard.push(new Array(2 ** 21).fill(taken + 0.5));
            else hoard.push(new Uint8Array(2 ** 24).fill(1));
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
          return RuntimeData.text(`taken: ${hoard.length}`);
        },
      }),
    }),
    defineNode({
      type: "attacks.loop",
      summary: "Never gives its thread back.",
      params: v.object({}),
      inputs: { in: ["any"] },
      outputs: { out: ["json"] },
      create: () => ({
        process() {
          for (;;);
        },
      }),
    }),
  ],
});
