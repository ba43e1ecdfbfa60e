/**
 * Reads Ogg: finds the stream of audio in a file, and its codec.
 *
 * @module
 */

import { type DamageLog, type Decoding, unreadable } from "../codec/decoding.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { ByteWindow } from "../io/byte_window.ts";
import type { OggStream } from "./ogg_stream.ts";
import { openOpus } from "./read_opus.ts";
import { type OggPage, readPages } from "./read_pages.ts";
import { openVorbis } from "./read_vorbis.ts";

type Codec = "vorbis" | "opus";

const OTHERS: readonly (readonly [start: string, name: string])[] = [
  ["\x7fFLAC", "FLAC in Ogg"],
  ["Speex   ", "Speex"],
  ["\x80theora", "Theora video"],
  ["fishead", "an Ogg skeleton"],
];

/** @throws {StreamrackError} `invalid-media` if there is no Vorbis or Opus. */
export async function openOgg(source: ByteSource, damage: DamageLog): Promise<Decoding> {
  const pages = readPages(new ByteWindow(source), damage);
  const found = await findStream(source.name, pages);
  if (found.codec === undefined) {
    throw unreadable(source.name, "an Ogg file", {
      path: "data",
      message: "holds no stream that can be read",
      received: found.seen.length === 0 ? "no stream" : found.seen.join(", "),
      expected: "Vorbis or Opus",
    });
  }
  return found.codec === "opus" ? await openOpus(found.stream, damage) : await openVorbis(found.stream, damage);
}

type Found =
  | { readonly codec: Codec; readonly stream: OggStream }
  | { readonly codec: undefined; readonly seen: readonly string[] };

async function findStream(name: string, pages: AsyncGenerator<OggPage, void, void>, only?: Codec): Promise<Found> {
  const seen: string[] = [];
  for (;;) {
    const { value: page } = await pages.next();
    if (page === undefined) return { codec: undefined, seen };
    if (!page.isFirst) continue;
    const codec = codecOf(page.body);
    if (codec === "opus" || codec === "vorbis") {
      if (only === undefined || codec === only) return { codec, stream: oggStream(name, page, pages, codec) };
    }
    if (seen.length < 4) seen.push(codec);
  }
}

function oggStream(
  name: string,
  first: OggPage,
  pages: AsyncGenerator<OggPage, void, void>,
  codec: Codec,
): OggStream {
  return {
    name,
    first,
    async *pages() {
      let sequence = first.sequence;
      if (first.isLast) return;
      for (;;) {
        const { value: page } = await pages.next();
        if (page === undefined) return;
        if (page.serial !== first.serial) continue;
        // What says again what was said is left out.
        if (page.sequence <= sequence) continue;
        const isGap = page.sequence !== sequence + 1;
        sequence = page.sequence;
        yield { page, isGap };
        if (page.isLast) return;
      }
    },
    async next() {
      const found = await findStream(name, pages, codec);
      return found.codec === undefined ? undefined : found.stream;
    },
  };
}

function codecOf(body: Uint8Array): string {
  const start = String.fromCharCode(...body.subarray(0, 8));
  if (start === "OpusHead") return "opus";
  if (start.startsWith("\x01vorbis")) return "vorbis";
  return OTHERS.find(([other]) => start.startsWith(other))?.[1] ?? "an unknown codec";
}
