/** What attacks are tried on. */

/** What the host has that a plugin may not reach. */
export interface Target {
  /** A file; beside it are such with the endings `.mjs`, `.cjs` and `.json`. */
  readonly secret: string;
  /** A link to it. */
  readonly link: string;
  /** Of a server on this machine. */
  readonly port: number;
  /** Path of a server's socket. */
  readonly socket: string;
  /** Number of the secret file, which the host has open. */
  readonly fd: number;
  /** Of the host. */
  readonly pid: number;
}

/** An attack: gives something if it succeeds, and throws if it is stopped. */
export interface Attack {
  run(target: Target): unknown;
  /** The runtimes that have what it tries. Default: all. */
  readonly only?: readonly string[];
}

/** Waits for an event, or for the error in its place. */
export function settled(emitter: {
  on(event: string, listener: (value: unknown) => void): unknown;
}, event: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    emitter.on(event, () => resolve(event));
    emitter.on("error", reject);
  });
}
