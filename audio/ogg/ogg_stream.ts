/**
 * One logical stream of an Ogg file.
 *
 * @module
 */

import type { OggPage } from "./read_pages.ts";

/** The pages of one logical stream after another, as in a file that was put together of several. */
export interface OggStream {
  /** The name of the file. */
  readonly name: string;
  readonly first: OggPage;
  /** Pages after the first, each with whether some before it are missing. Ends with the stream. */
  pages(): AsyncGenerator<{ readonly page: OggPage; readonly isGap: boolean }, void, void>;
  /** The next stream of the same codec, if the file goes on with one. */
  next(): Promise<OggStream | undefined>;
}
