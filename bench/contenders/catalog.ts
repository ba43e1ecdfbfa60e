/**
 * Who takes part, for readers. It imports no contender, so that it can be read
 * without the packages.
 *
 * @module
 */

/** A contender, as it is shown. */
export interface CatalogEntry {
  readonly title: string;
  /** What it is: ours, a package, or what the runtime offers by itself. */
  readonly kind: "streamrack" | "package" | "bare";
  /** How it is used. */
  readonly usage: string;
}

/** All contenders by the names that results use; most are files of this folder. */
export const CATALOG: Readonly<Record<string, CatalogEntry>> = {
  streamrack: {
    title: "Streamrack",
    kind: "streamrack",
    usage: "a session over a plugin of async generators, sent to and iterated; every node in a thread of its own",
  },
  "streamrack-fused": {
    title: "Streamrack, fused",
    kind: "streamrack",
    usage: "the same manifest with its nodes in one segment, as adjacent nodes of one plugin are unless told otherwise",
  },
  port: {
    title: "bare MessagePort",
    kind: "bare",
    usage: "`postMessage(samples, [samples.buffer])` over a web `MessageChannel`; stages are connected directly",
  },
  ring: {
    title: "bare ring",
    kind: "bare",
    usage:
      "slots of one length in shared memory, and a message only to a side that sleeps; stages are connected directly",
  },
  piscina: {
    title: "Piscina",
    kind: "package",
    usage: "`run(samples, { transferList })` and `move`, one thread per stage, `concurrentTasksPerWorker` = window, " +
      '`atomics: "async"`, which is its fastest then',
  },
  tinypool: {
    title: "Tinypool",
    kind: "package",
    usage: "`run(samples, { transferList })` and `move`, one thread per stage, `concurrentTasksPerWorker` = window; " +
      "on Deno `useAtomics: false`, since it hangs otherwise",
  },
  workerpool: {
    title: "workerpool",
    kind: "package",
    usage:
      '`exec("invert", [samples], { transfer })` and `Transfer`, one worker per stage, `workerType: "thread"`; on ' +
      'Bun `"web"`, since it hangs otherwise',
  },
  poolifier: {
    title: "Poolifier",
    kind: "package",
    usage: "`FixedThreadPool(1).execute` with a transfer list, one pool per stage; answers are copied: its workers " +
      "cannot transfer",
  },
  comlink: {
    title: "Comlink",
    kind: "package",
    usage:
      "a wrapped function called with `transfer(samples, [samples.buffer])` both ways, over a web `MessageChannel`",
  },
  threads: {
    title: "threads.js",
    kind: "package",
    usage: "a spawned function called with `Transfer(samples, [samples.buffer])` both ways",
  },
  main: {
    title: "main thread",
    kind: "bare",
    usage: "the async generators called in the main thread, one chunk after the other: no window, no isolation",
  },
  json: {
    title: "JSON of floats",
    kind: "bare",
    usage: "samples as an array of numbers in JSON, as text over a web port; the worker parses and writes JSON too",
  },
  "json-i16": {
    title: "JSON of 16-bit integers",
    kind: "bare",
    usage: "the same with samples as 16-bit integers, which are shorter to write",
  },
  "json-base64": {
    title: "base64 in JSON",
    kind: "bare",
    usage: "the same with the bytes of the samples in base64",
  },
  worker: {
    title: "bare worker",
    kind: "bare",
    usage: "a worker that imports the same modules as ours, and sends a chunk back",
  },
  grpc: {
    title: "bare gRPC",
    kind: "package",
    usage: "`@grpc/grpc-js` on both sides of one connection: bytes come, and go back as they are",
  },
};

/** Packages that send work to threads. */
export const PACKAGES = ["piscina", "tinypool", "workerpool", "poolifier", "comlink", "threads"] as const;
/** Those of them that keep pools. */
export const POOLS = ["piscina", "tinypool", "workerpool", "poolifier"] as const;
/** Everybody who moves chunks through one worker, and the main thread. */
export const ALL = ["streamrack", "port", "ring", ...PACKAGES, "main"] as const;
