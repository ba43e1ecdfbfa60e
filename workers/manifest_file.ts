/**
 * Reads manifests: JSON or YAML, from text or from a file.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { StreamrackError } from "../core/errors.ts";
import { checkManifest, type Manifest } from "../core/pipeline/manifest.ts";
import { manifestError } from "../core/pipeline/plan.ts";

/**
 * Parses the text of a manifest, JSON or YAML (of which JSON is a part), and
 * checks its form. What its names mean is checked when it is opened.
 *
 * @throws {StreamrackError} `invalid-manifest` with every problem.
 *
 * @example
 * ```ts
 * import { parseManifest } from "@streamrack/core";
 * import assert from "node:assert/strict";
 *
 * const manifest = await parseManifest(`
 * version: v1
 * nodes:
 *   - { id: gain, node_type: audio.gain, params: { gainDb: -6 } }
 * `);
 * assert.equal(manifest.nodes[0]!.id, "gain");
 * ```
 */
export async function parseManifest(text: string): Promise<Manifest> {
  const { manifest, problems } = checkManifest(await parseText(text));
  if (manifest === undefined) throw manifestError(problems);
  return manifest;
}

/**
 * Reads a manifest file, JSON or YAML.
 *
 * @param file A path or a file URL.
 * @throws {StreamrackError} `file-not-found`, or `invalid-manifest` with every problem.
 */
export async function loadManifest(file: string | URL): Promise<Manifest> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StreamrackError("file-not-found", `the manifest could not be read: ${why}`, {
      cause,
      remedy: "Check the path; it is relative to the current folder.",
    });
  }
  return await parseManifest(text);
}

async function parseText(text: string): Promise<unknown> {
  // Most manifests that programs hand over are JSON; the YAML parser is loaded only for the others.
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the YAML parser tells what is wrong.
  }
  const yaml = await import("yaml");
  try {
    return yaml.parse(text, { maxAliasCount: 100 });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new StreamrackError("invalid-manifest", "the manifest is neither JSON nor YAML", {
      cause,
      problems: [{ path: "manifest", message }],
    });
  }
}
