/**
 * The files and pipes of one session: opened together, ended together.
 *
 * @module
 */

import { StreamrackError } from "../../core/plugin.ts";
import type { Session, SessionOutput } from "../../mod.ts";
import type { AudioWriterOptions } from "../../audio/audio_writer.ts";
import { bindFiles, type Binding, type FileArgument, type SessionPort, targetOf } from "./bindings.ts";
import { type Input, inputKinds, type InputOptions, openInput } from "./inputs.ts";
import { openOutput, type Output, outputKinds } from "./outputs.ts";
import type { Feed } from "./pump.ts";

/** What the command line says about files. */
export interface FileOptions {
  readonly inputs: readonly FileArgument[];
  readonly outputs: readonly FileArgument[];
  readonly reading: InputOptions;
  readonly writing: AudioWriterOptions;
}

/** An output and the port that it takes from. */
export interface Drain {
  readonly port: SessionPort;
  readonly path: string;
  readonly output: Output;
}

/** The open files of a session. */
export class SessionFiles {
  readonly feeds: readonly Feed[];
  readonly drains: readonly Drain[];
  readonly #drainOf: ReadonlyMap<string, Drain>;

  constructor(feeds: readonly Feed[], drains: readonly Drain[]) {
    this.feeds = feeds;
    this.drains = drains;
    this.#drainOf = new Map(drains.map((drain) => [portKey(drain.port), drain]));
  }

  /** Where an output of the session goes, if it goes anywhere. */
  drainFor(output: SessionOutput): Drain | undefined {
    return this.#drainOf.get(portKey(output));
  }

  /** Completes the outputs: from now on they are there under their names. */
  async finish(): Promise<void> {
    const ifEmpty = this.feeds.find(({ input }) => input.audio !== undefined)?.input.audio;
    for (const { output } of this.drains) await output.finish(ifEmpty);
  }

  /** Closes the inputs and leaves nothing of outputs that are not finished. */
  async close(): Promise<void> {
    await Promise.all([
      ...this.feeds.map(({ input }) => input.close()),
      ...this.drains.map(({ output }) => output.discard()),
    ]);
  }
}

/**
 * Finds the port of every file, and opens all of them.
 *
 * @throws {StreamrackError} `invalid-options` if a file has no port; what is wrong with a file.
 */
export async function openSessionFiles(session: Session, options: FileOptions): Promise<SessionFiles> {
  const { reading, writing } = options;
  const isRawInput = reading.raw !== undefined;
  const isRawOutput = writing.format === "raw";
  const inputs = bindFiles(options.inputs, session.inputs, {
    name: "input",
    flag: "-i",
    kindsOf: (path) => inputKinds(path, isRawInput),
  });
  const outputs = bindFiles(options.outputs, session.outputs, {
    name: "output",
    flag: "-o",
    kindsOf: (path) => outputKinds(path, isRawOutput),
  });
  checkFed(inputs, session.inputs);

  const feeds: Feed[] = [];
  const drains: Drain[] = [];
  try {
    for (const { port, path } of inputs) {
      const input: Input = await openInput(path, reading);
      feeds.push({ port, input });
    }
    for (const { port, path } of outputs) drains.push({ port, path, output: await openOutput(path, writing) });
  } catch (error) {
    await new SessionFiles(feeds, drains).close();
    throw error;
  }
  return new SessionFiles(feeds, drains);
}

/** A pipeline that nothing is sent to would end at once, and look as if it had worked. */
function checkFed(inputs: readonly Binding[], ports: readonly SessionPort[]): void {
  if (ports.length === 0 || inputs.length > 0) return;
  throw new StreamrackError("invalid-options", "the pipeline is given no input", {
    problems: ports.map((port) => ({
      path: targetOf(port, ports),
      message: `waits for ${port.kinds.join(" or ")}`,
      expected: `-i ${ports.length === 1 ? "" : `${targetOf(port, ports)}=`}PATH`,
    })),
  });
}

function portKey({ nodeId, port }: { readonly nodeId: string; readonly port: string }): string {
  return JSON.stringify([nodeId, port]);
}
