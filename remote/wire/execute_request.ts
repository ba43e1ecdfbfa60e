/**
 * The short way for requests of one-shot runs in the second generation. What
 * is not exactly of the usual form is left to the long way; see
 * `audio_path.ts`.
 *
 * @module
 */

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { RuntimeData } from "../../core/plugin.ts";
import { BackWriter } from "./back_writer.ts";
import { readManifestBytes, type WireManifest } from "./manifest.ts";
import type { ExecuteCall } from "./messages.ts";
import type { Peer } from "./peer.ts";
import { encodeBuffers, readBufferEntry, readUsual, SPARE_BYTES, type UsualBuffer } from "./usual_buffers.ts";

const NO_LIMITS = { maxMemoryBytes: 0, maxTimeoutMs: 0, maxAudioSamples: 0 } as const;

/**
 * Reads an ExecuteRequest whose version of the client shows that it is of the
 * second generation, if it asks for no limits and nothing in it is unusual.
 */
export function readUsualExecute(message: Uint8Array, peer: Peer): ExecuteCall | undefined {
  try {
    const reader = new BinaryReader(message);
    let manifest: WireManifest | undefined;
    let clientVersion = "";
    const inputs = new Map<string, UsualBuffer>();
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag();
      if (type !== WireType.LengthDelimited) return undefined;
      if (number === 1 && manifest === undefined) manifest = readManifestBytes(reader.bytes());
      else if (number === 4 && clientVersion === "") clientVersion = reader.string();
      else if (number !== 2 || !readBufferEntry(reader, inputs)) return undefined;
    }
    // "v1", say. In the first generation ResourceLimits are there, which do not begin with a letter.
    if (manifest === undefined || !/^[a-z]/.test(clientVersion) || reader.pos !== reader.len) return undefined;
    const values = [...inputs].map(([nodeId, buffer]) => ({ nodeId, read: () => readUsual(buffer, peer) }));
    return { manifest, inputs: values, limits: NO_LIMITS, clientVersion };
  } catch {
    return undefined; // the long way tells what is wrong
  }
}

/** Writes an ExecuteRequest without limits. @param manifest A PipelineManifest as it is sent. */
export function writeUsualExecute(
  manifest: Uint8Array,
  inputs: { readonly [nodeId: string]: RuntimeData },
  { clientVersion, peer }: { readonly clientVersion: string; readonly peer: Peer },
): Uint8Array {
  const encoded = encodeBuffers(Object.entries(inputs), peer);
  const writer = new BackWriter(SPARE_BYTES + manifest.length + encoded.capacity);
  writer.text(4, clientVersion);
  encoded.write(writer, 2);
  writer.bytes(1, manifest);
  return writer.finish();
}
