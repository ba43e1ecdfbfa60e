/**
 * The entry for work with audio: `@streamrack/core/audio`.
 *
 * Files of all the formats that people have, pieces of audio in memory, and
 * the functions behind the nodes of the plugin `audio`. Codecs are loaded when
 * they are first used.
 *
 * @module
 */

export { openAudio } from "./open_audio.ts";
export type { AudioInput, OpenAudioOptions } from "./open_audio.ts";
export type { AudioReader } from "./audio_reader.ts";
export { encodeAudio, writeAudio } from "./encode_audio.ts";
export type { AudioChunks } from "./encode_audio.ts";
export type { AudioWriterOptions } from "./audio_writer.ts";
export { FILE_FORMATS } from "./file_format.ts";
export type { FileFormat } from "./file_format.ts";
export type { Encoding, OutputEncoding, PcmFormat } from "./pcm/encodings.ts";

export { AudioSegment } from "./segment/audio_segment.ts";
export type { FadeOptions, OverlayOptions, ReadSegmentOptions, SegmentInit } from "./segment/options.ts";
export { ProcessingContext } from "./processing_context.ts";
export type { ProcessingContextOptions } from "./processing_context.ts";

export { rechunk } from "./dsp/rechunk.ts";
export type { RechunkOptions } from "./dsp/rechunk.ts";
export { resample } from "./dsp/resample.ts";
export type { ResampleOptions } from "./dsp/resample.ts";
export type { ResampleQuality } from "./dsp/resampler.ts";
export { joinChannels, mix } from "./dsp/mix.ts";
export type { MixOptions, MixSource } from "./dsp/mix.ts";
export { splitChannels } from "./dsp/split_channels.ts";
