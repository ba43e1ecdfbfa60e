/** Attacks on files. */

import type { Attack } from "./target.ts";

/** Runs a piece of code that was only made at run time, as `eval` would. */
const evaluated = (code: string): Promise<unknown> => (0, eval)(`(async () => { ${code} })()`);

/** As much of Deno's own interface as is tried. */
const deno = () =>
  (globalThis as unknown as {
    readonly Deno: {
      readTextFileSync(path: string): string;
      readonly permissions: { requestSync(wanted: object): { readonly state: string } };
    };
  }).Deno;

/** What browsers have for keeping data, and Deno has as well. */
const stores = globalThis as unknown as {
  readonly caches: { open(name: string): Promise<{ match(url: string): Promise<Response | undefined> }> };
  readonly localStorage: { getItem(key: string): string | null };
};

/** Attacks on files, by name. */
export const FILE_ATTACKS: { readonly [name: string]: Attack } = {
  "read a file": { run: async ({ secret }) => (await import("node:fs")).readFileSync(secret, "utf8") },
  "read a file without waiting": {
    run: async ({ secret }) => await (await import("node:fs/promises")).readFile(secret, "utf8"),
  },
  "read the current folder": {
    run: async () => (await import("node:fs")).readdirSync((await import("node:process")).cwd()),
  },
  "read by eval": {
    run: ({ secret }) => evaluated(`return (await import("node:fs")).readFileSync(${JSON.stringify(secret)}, "utf8")`),
  },
  "import a file": { run: async ({ secret }) => (await import(`${secret}.mjs`)).default },
  "import a file as JSON": {
    run: async ({ secret }) => (await import(`${secret}.json`, { with: { type: "json" } })).default,
  },
  "require a file": {
    run: async ({ secret }) => (await import("node:module")).createRequire(import.meta.url)(`${secret}.cjs`),
  },
  // Bun does not load such modules.
  "import a file from a module that is a data URL": {
    run: async ({ secret }) => {
      const code = `export { default } from ${JSON.stringify(new URL(`file://${secret}.mjs`))};`;
      return (await import(`data:text/javascript,${encodeURIComponent(code)}`)).default;
    },
    only: ["node", "deno"],
  },
  "fetch a file": {
    run: async ({ secret }) => await (await fetch(new URL(`file://${secret}`))).text(),
    only: ["deno", "bun"],
  },
  "read by way of the folder above": {
    run: async ({ secret }) => {
      const { cwd } = await import("node:process");
      const { readFileSync } = await import("node:fs");
      return readFileSync(`${import.meta.dirname ?? cwd()}/../../../../../../../../../..${secret}`, "utf8");
    },
  },
  "read by a link": {
    run: async ({ secret }) => {
      const fs = await import("node:fs");
      const link = new URL(`./link-${Date.now()}`, import.meta.url);
      fs.symlinkSync(secret, link);
      try {
        return fs.readFileSync(link, "utf8");
      } finally {
        fs.rmSync(link);
      }
    },
  },
  "read by a link that is there": { run: async ({ link }) => (await import("node:fs")).readFileSync(link, "utf8") },
  "link to a file": {
    run: async ({ secret, link }) => {
      const { rmSync, symlinkSync } = await import("node:fs");
      symlinkSync(secret, `${link}-new`);
      rmSync(`${link}-new`);
    },
  },
  "link a file anew": {
    run: async ({ secret, link }) => {
      const { linkSync, rmSync } = await import("node:fs");
      linkSync(secret, `${link}-hard`);
      rmSync(`${link}-hard`);
    },
  },
  // To what it is already.
  "change the mode of a file": {
    run: async ({ secret }) => {
      const { closeSync, fchmodSync, openSync } = await import("node:fs");
      const fd = openSync(secret, "r");
      try {
        fchmodSync(fd, 0o644);
      } finally {
        closeSync(fd);
      }
    },
  },
  "learn whether a file is there": {
    run: async ({ secret }) => {
      const { existsSync, realpathSync } = await import("node:fs");
      const { resolve } = (await import("node:module")).createRequire(import.meta.url);
      const told = [existsSync, realpathSync, resolve].filter((tell) => {
        try {
          return Boolean(tell(secret));
        } catch {
          return false;
        }
      });
      if (told.length === 0) throw new Error("nothing tells");
      return `told in ${told.length} ways`;
    },
  },
  "read a file that the host has open": {
    run: async ({ fd }) => {
      const bytes = new Uint8Array(10);
      // From a place, which a pipe does not have: what else has this number cannot keep it waiting.
      const { readSync } = await import("node:fs");
      const text = new TextDecoder().decode(bytes.subarray(0, readSync(fd, bytes, 0, 10, 0)));
      if (text !== "the secret") throw new Error(`it is another file: ${text}`);
      return text;
    },
  },
  "write a file": { run: async ({ secret }) => (await import("node:fs")).writeFileSync(`${secret}.new`, "x") },
  "write a database": {
    run: async ({ secret }) => {
      const { DatabaseSync } = await import("node:sqlite");
      return new DatabaseSync(`${secret}.db`).exec("create table if not exists t (x)");
    },
  },
  "read by WASI": {
    run: async ({ secret }) => {
      const { WASI } = await import("node:wasi");
      return new WASI({ version: "preview1", preopens: { "/": secret.slice(0, secret.lastIndexOf("/")) } });
    },
    only: ["node", "deno"],
  },
  "read by Deno": { run: ({ secret }) => deno().readTextFileSync(secret), only: ["deno"] },
  "ask for permission": {
    run: ({ secret }) => {
      const { state } = deno().permissions.requestSync({ name: "read", path: secret });
      if (state !== "granted") throw new Error(`it is ${state}`);
      return state;
    },
    only: ["deno"],
  },
  "read the host's caches": {
    run: async () => {
      const found = await (await stores.caches.open("streamrack-test")).match("http://localhost/secret");
      if (found === undefined) throw new Error("it is not there");
      return await found.text();
    },
    only: ["deno"],
  },
  "read the host's localStorage": {
    run: () => {
      const found = stores.localStorage.getItem("streamrack-test");
      if (found === null) throw new Error("it is not there");
      return found;
    },
    only: ["deno"],
  },
  "patch the check": {
    run: async ({ secret }) => {
      const process = await import("node:process");
      Object.defineProperty(process.default, "permission", { value: { has: () => true } });
      return (await import("node:fs")).readFileSync(secret, "utf8");
    },
    only: ["node"],
  },
  "use the bindings of the runtime": {
    run: async () => {
      const { default: process } = await import("node:process");
      return Object.keys((process as unknown as { binding(name: string): object }).binding("fs"));
    },
    only: ["node"],
  },
};
