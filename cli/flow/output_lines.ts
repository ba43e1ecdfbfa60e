/**
 * Outputs that no file was named for, as JSON lines on standard output.
 *
 * @module
 */

import type { SessionOutput } from "../../mod.ts";
import { isBrokenPipe, writeStdout } from "../stdout.ts";

/** One output as a line, or `undefined` if it is of a kind that is no use as text. */
export function toLine({ nodeId, port, sequence, data, isPartial, progress }: SessionOutput): string | undefined {
  const { timestampUs, metadata } = data;
  const head = { nodeId, port, sequence, timestampUs, ...isPartial ? { isPartial, progress } : {}, type: data.type };
  const record = (content: { [key: string]: unknown }) => `${JSON.stringify({ ...head, ...content, metadata })}\n`;
  switch (data.type) {
    case "text":
      return record({ text: data.text, language: data.language });
    case "json":
      return record({ value: data.value });
    case "file":
      return record({ path: data.path, mimeType: data.mimeType, sizeBytes: data.sizeBytes });
    case "control":
      return record({ control: data.control, segmentId: data.segmentId });
    default:
      return undefined;
  }
}

/** Writes lines until the reader goes away, which is no failure: files are still to be written. */
export class LinePrinter {
  #isClosed = false;

  /** Prints an output; tells whether it is of a kind that is printed. */
  async print(output: SessionOutput): Promise<boolean> {
    const line = toLine(output);
    if (line === undefined) return false;
    if (this.#isClosed) return true;
    try {
      await writeStdout(line);
    } catch (error) {
      if (!isBrokenPipe(error)) throw error;
      this.#isClosed = true;
    }
    return true;
  }
}
