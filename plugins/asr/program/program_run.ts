/**
 * One run of a program: started, fed, read, and gone.
 *
 * @module
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import type { StreamrackError } from "../../../core/plugin.ts";
import { isDenied, notPermitted, readEnv, runnerError } from "../../../runners/mod.ts";
import type { SpeechProgram } from "./program.ts";
import { notInstalled } from "./program_errors.ts";

/** A transcript of this length would be that of a week. */
const OUTPUT_MAX_BYTES = 16 * 1024 * 1024;
const COMPLAINT_MAX_CHARS = 2000;
/** What the system tells of a program that was started and is not there. */
const NOT_THERE: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR"]);

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * A program in a process of its own. It loads its model at once and then waits
 * for its audio, so that it may be started in advance. It lives no longer than
 * this thread: when that ends, its input ends.
 */
export class ProgramRun {
  /** Settles when the process is gone. Never rejects. */
  readonly ended: Promise<void>;
  readonly #program: SpeechProgram;
  readonly #child: Child;
  readonly #printed: Uint8Array[] = [];
  #printedBytes = 0;
  #complaint = "";
  #failure: StreamrackError | undefined;
  #exit: { readonly code: number | null; readonly signal: string | null } | undefined;

  /** @throws {StreamrackError} As far as it is known at once that the program cannot be started. */
  constructor(program: SpeechProgram, path: string) {
    this.#program = program;
    const [command, args] = commandLine(program, path);
    try {
      this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], windowsHide: true, env: environment() });
    } catch (cause) {
      throw startFailure(program, command, cause);
    }
    const { stdin, stdout, stderr } = this.#child;
    // A program that ends before it has read everything says why elsewhere.
    stdin.on("error", () => {});
    stdout.on("data", (bytes: Uint8Array) => this.#take(bytes));
    stderr.setEncoding("utf8");
    stderr.on("data", (text: string) => {
      this.#complaint = `${this.#complaint}${text}`.slice(-COMPLAINT_MAX_CHARS);
    });
    this.ended = new Promise((resolve) => {
      this.#child.on("error", (cause) => {
        this.#failure ??= startFailure(program, command, cause);
        if (this.#child.pid === undefined) resolve();
      });
      this.#child.on("close", (code, signal) => {
        this.#exit = { code, signal };
        resolve();
      });
    });
  }

  /** Whether it can still be given audio. */
  get isWaiting(): boolean {
    return this.#failure === undefined && this.#exit === undefined && !this.#child.stdin.writableEnded;
  }

  /**
   * Gives it all its audio, and returns what it printed. Ends the process if the signal aborts.
   *
   * @throws {StreamrackError} `inference-failed` (E101) if the program fails, recoverable if it was killed;
   * `model-load-failed` (E502) if it says that it cannot load its model; why it could not be started; the reason of the
   * signal if that aborts.
   */
  async feed(bytes: Uint8Array, signal: AbortSignal): Promise<string> {
    const onAbort = () => void this.kill();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      if (signal.aborted) onAbort();
      else this.#child.stdin.end(bytes);
      await this.ended;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
    signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    const { code, signal: by } = this.#exit ?? { code: null, signal: null };
    if (code === 0) return new TextDecoder().decode(joinBytes(this.#printed));
    const how = code === null ? `was ended by ${by ?? "a signal"}` : `ended with exit code ${code}`;
    const complaint = this.#complaint.trim();
    const { title, modelComplaint, howToGetModel } = this.#program;
    const detail = `${title} ${how}${complaint === "" ? "" : `: ${complaint}`}`;
    if (modelComplaint?.test(complaint) === true) throw runnerError("E502", detail, { remedy: howToGetModel });
    throw runnerError("E101", detail, {
      // What was killed, for want of memory say, may do the same work well the next time.
      retryable: code === null,
    });
  }

  /** Ends the process, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#child.stdin.destroy();
    if (this.#exit === undefined) this.#child.kill("SIGKILL");
    await this.ended;
  }

  #take(bytes: Uint8Array): void {
    this.#printedBytes += bytes.length;
    if (this.#printedBytes <= OUTPUT_MAX_BYTES) return void this.#printed.push(bytes);
    this.#failure ??= runnerError("E101", `${this.#program.title} printed more than ${OUTPUT_MAX_BYTES} bytes`);
    void this.kill();
  }
}

/**
 * A program that opens `/dev/stdin` or `/dev/stdout` by path needs pipes, and
 * Node and Bun give a child sockets, which cannot be opened. Bash lays pipes,
 * and then becomes the program, so that the process that is started is the one
 * to be ended.
 */
function commandLine(program: SpeechProgram, path: string): [command: string, args: string[]] {
  const hasRealPipes = "deno" in process.versions;
  if (hasRealPipes) return [path, [...program.args]];
  // The arguments reach Bash as arguments, never as part of the script.
  return ["bash", ["-c", 'exec "$@" < <(exec cat) > >(exec cat)', "bash", path, ...program.args]];
}

/** The environment for the program, as far as this plugin may read it. Deno lists all of it or nothing. */
function environment(): { readonly [name: string]: string | undefined } {
  try {
    return { ...process.env };
  } catch {
    return { PATH: readEnv("PATH") };
  }
}

function startFailure(program: SpeechProgram, command: string, cause: unknown): StreamrackError {
  if (isDenied(cause)) return notPermitted(`run "${command}"`, cause);
  if (NOT_THERE.has((cause as { code?: unknown } | null)?.code)) {
    return notInstalled(program, `it needs "${command}"`, cause);
  }
  return runnerError("E101", `${program.title} could not be started`, { cause });
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
